# SPDX-License-Identifier: GPL-2.0-or-later
"""From a syntax tree to a resolved model of one subsystem on one ABI.

Back ends start here.  `mig.compile.compile_defs(path, abi="x86_64")` gives a
:class:`~mig.model.routines.Model`; everything in it is frozen, and all sizes are in bytes unless
a name says bits:

``Model``
    ``name``, ``base``, ``routines`` (by index; None where a message id was skipped),
    ``defined_routines``, ``types`` (name to `Type`), ``imports``, ``abi``, ``position``.

``Routine``
    ``name``, ``message_id``, ``reply_id`` (None: a simpleroutine), ``user_name``,
    ``server_name``, ``position`` (file, line, column in the ``.defs``), ``arguments``,
    ``request`` and ``reply`` (``MessageLayout``; None: no reply).

``Argument``
    ``name``, ``role`` (DATA, REQUEST_PORT, ... and, implied by the argument named ``parent``,
    COUNT, POLYMORPHIC, DEALLOCATE, SERVER_COPY), ``direction``, ``in_request``, ``in_reply``,
    ``user`` and ``server`` (who has it in the C function), ``type``, ``deallocate``,
    ``longform``, ``server_copy``, ``count_in_out``.  A Python API wants those with role DATA.

``Type``
    ``number`` elements of ``size`` bits stand behind one descriptor.  ``sent`` and ``received``
    are msgt_name in messages that a task sends and receives.  ``inline``, ``indefinite``
    (``array[]``: inline up to 2048 bytes, else out of line), ``variable``, ``string``,
    ``is_port``, ``is_struct``; ``element`` (of arrays, strings and pointers), ``members`` (of
    structs: name, type, offset); ``element_bytes``, ``count_scale`` (descriptor elements per C
    element), ``maximum_count``.  ``aliases`` lists the names it goes back to, nearest first,
    so that the last one known tells signedness (``("natural_t", "uint32_t")``).

``MessageLayout``
    ``message_id``, ``fields``, ``minimum_size``, ``maximum_size``, ``is_fixed``, ``complexity``
    (of the complex bit in what a task sends: NEVER, ALWAYS, SOMETIMES), ``received_complexity``.

``Field``
    One descriptor and its data: ``kind`` (RETURN_CODE, DATA, COUNT: the largest count a
    CountInOut caller accepts), ``argument`` (a name), ``type``, ``longform``, ``deallocate``,
    ``descriptor_offset`` and ``data_offset`` (None behind a field of variable size),
    ``descriptor_size``, ``minimum_size`` and ``maximum_size`` (of data with padding),
    ``padding``, ``is_variable``, ``message_type(sent=...)``.

The modules: `abi` (constants of the targets), `types` (values and how to build them), `builtin`
(message types, predefined types), `declarations`, `arguments` and `resolve` (tree to model, with
diagnostics), `routines` (values), `layout` (bytes on the wire), `expressions`, `names`.
"""
