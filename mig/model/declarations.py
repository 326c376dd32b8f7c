# SPDX-License-Identifier: GPL-2.0-or-later
"""From type declarations to resolved types.

Reports what a declaration does wrong and goes on with the nearest type that makes sense, so that
one run finds all the errors there are.
"""

from __future__ import annotations

from mig.frontend import nodes
from mig.frontend.diagnostics import Diagnostics, Position
from mig.model import builtin, types
from mig.model.abi import Abi
from mig.model.expressions import ExpressionError, evaluate
from mig.model.names import check_name
from mig.model.types import Deallocate, Translation, Type
from mig.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: What definitions came to that were given before, on some ABI and inside the kernel or not: the
#: definition, the types that it refers to, and the type.  The syntax trees of a batch share many.
_defined: dict[tuple[object, ...], tuple[nodes.TypeDefinition, Mapping[str, Type], Type]] = {}
_MOST_DEFINED = 10_000

#: Which flags say whether the sender gives memory away.
DEALLOCATION_FLAGS = ("dealloc", "notdealloc")
#: No message is larger than this many bytes of data in one field.
_FIELD_LIMIT = 2**28


class TypeTable:
    """The types declared so far.

    Attributes:
        by_name: every named type, in order of declaration.
        kernel_user: the user side runs in the kernel.
        kernel_server: the server side does.
    """

    def __init__(
        self, abi: Abi, diagnostics: Diagnostics, *, kernel_user: bool, kernel_server: bool
    ) -> None:
        self._abi = abi
        self._diagnostics = diagnostics
        self.kernel_user = kernel_user
        self.kernel_server = kernel_server
        self._kernel = kernel_user or kernel_server
        self.by_name: dict[str, Type] = dict(builtin.predefined_types(abi))
        self._referred_to: dict[str, Type] = {}

    def declare(self, definition: nodes.TypeDefinition) -> None:
        """Enter a ``type`` statement."""
        name = definition.name
        earlier = self.by_name.get(name.text)
        if earlier is not None:
            self._diagnostics.error(name.position, f"type '{name.text}' is already defined")
            if earlier.position.line:
                self._diagnostics.note(earlier.position, "it was defined here")
            return
        self.by_name[name.text] = self.define(definition)

    def lookup(self, position: Position, name: str) -> Type:
        """The type of that name, or `int` and an error when there is none."""
        found = self.by_name.get(name)
        if found is None:
            self._diagnostics.error(position, f"type '{name}' is not defined")
            return self.by_name["int"]
        self._referred_to[name] = found
        return found

    def define(self, definition: nodes.TypeDefinition) -> Type:
        """The type that a definition describes, under its name."""
        key = (id(definition), self._abi.name, self.kernel_user, self.kernel_server)
        if key in _defined:
            _, needed, known = _defined[key]
            if all(self.by_name.get(name) is kind for name, kind in needed.items()):
                return known
        self._referred_to = {}
        said = len(self._diagnostics.found)
        kind = self._define(definition)
        if len(self._diagnostics.found) == said and len(_defined) < _MOST_DEFINED:
            _defined[key] = definition, self._referred_to, kind
        return kind

    def _define(self, definition: nodes.TypeDefinition) -> Type:
        name = definition.name
        check_name(self._diagnostics, name, allow_type_words=True)
        kind = self._build(definition.specification)
        if kind.element is not None and kind.variable and kind.inline and not kind.element.name:
            self._diagnostics.error(
                name.position, f"the elements of '{name.text}' need a type with a name"
            )
        return self._finished(kind, name, definition.translations)

    # C names and translations.

    def _finished(
        self, kind: Type, name: nodes.Name, clauses: tuple[nodes.Translation, ...]
    ) -> Type:
        """A type with its name, and what its clauses say."""
        found: dict[str, nodes.Translation] = {}
        for clause in clauses:
            if clause.kind in found:
                self._diagnostics.warning(
                    clause.position, f"this '{clause.kind}' replaces an earlier one"
                )
            found[clause.kind] = clause
            if kind.variable and clause.kind in ("intran", "outtran", "destructor"):
                self._diagnostics.error(
                    clause.position,
                    f"'{clause.kind}' cannot apply to the variable-sized array '{name.text}'",
                )

        def words(clause: str) -> tuple[str, ...]:
            return tuple(word.text for word in found[clause].names) if clause in found else ()

        intran, outtran = words("intran"), words("outtran")
        destructor, payload = words("destructor"), words("intranpayload")
        both = words("ctype")
        user = (words("cusertype") or both or (name.text,))[0]
        server = (words("cservertype") or both or intran[2:] or outtran[:1] or (name.text,))[0]
        translated = (intran[:1] or outtran[2:] or payload[:1] or destructor[1:] or (server,))[0]
        for word, argument in (("outtran", outtran[2:]), ("destructor", destructor[1:])):
            if argument and argument[0] != translated:
                self._diagnostics.warning(
                    found[word].position,
                    f"'{word}' translates '{argument[0]}' where '{translated}' is expected",
                )
        return replace(
            kind,
            name=name.text,
            position=name.position,
            aliases=(name.text, *kind.aliases),
            longform=kind.longform or types.needs_long_form(kind),
            user_type=_kernel_port(user, self.kernel_user),
            server_type=_kernel_port(server, self.kernel_server),
            translated_type=_kernel_port(translated, self.kernel_server),
            intran=Translation(intran[1], intran[2], intran[0]) if intran else None,
            outtran=Translation(outtran[1], outtran[2], outtran[0]) if outtran else None,
            intran_payload=payload[1] if payload else None,
            destructor=destructor[0] if destructor else None,
        )

    # Building.

    def _build(self, node: nodes.TypeSpecification) -> Type:
        match node:
            case nodes.NamedType():
                kind = self.lookup(node.position, node.name)
            case nodes.BasicType():
                kind = self._basic(node)
            case nodes.ArrayType() | nodes.StructArrayType():
                element = self._element(node.element)
                count = self._count(node.count, element)
                by_value = isinstance(node, nodes.StructArrayType)
                if by_value and element.is_port:
                    self._diagnostics.error(
                        node.position, "a struct cannot hold port rights: write array[n] of"
                    )
                kind = types.array_of(element, count, by_value=by_value)
            case nodes.VariableArrayType():
                kind = self._variable_array(node)
            case nodes.PointerType():
                kind = self._pointer(node)
            case nodes.CStringType():
                character = builtin.string_character(self._abi)
                size = self._count(node.size, character)
                kind = types.c_string(character, size, variable=node.variable)
            case nodes.StructType():
                kind = self._struct(node)
        return kind

    def _variable_array(self, node: nodes.VariableArrayType) -> Type:
        element = self._element(node.element)
        if node.maximum is not None:
            return types.variable_array_of(element, self._count(node.maximum, element))
        if element.bytes > types.INDEFINITE_INLINE_BYTES:
            self._diagnostics.error(
                node.position,
                f"an element of {element.bytes} bytes does not fit in an array[]",
            )
            return types.variable_array_of(element, 1)
        return types.variable_array_of(element, None)

    def _basic(self, node: nodes.BasicType) -> Type:
        sent = self._message_type(node.sent)
        received = self._message_type(node.received) if node.received is not None else sent
        bits, other = sent.bits(self._abi), received.bits(self._abi)
        if bits and other and bits != other:
            self._diagnostics.error(
                node.position,
                f"'{node.sent.text}' has {bits} bits and what arrives as"
                f" '{node.received.text if node.received else ''}' has {other}",
            )
        if node.size is not None:
            implied, bits = bits or other, self._value(node.size, minimum=1)
            if implied and bits != implied:
                self._diagnostics.warning(
                    node.position, f"'{node.sent.text}' has {implied} bits, not {bits}"
                )
        elif bits == 0 and other:
            bits = other
        elif bits == 0:
            self._diagnostics.error(
                node.position,
                f"'{node.sent.text}' implies no size: write ({node.sent.text}, bits)",
            )
            bits = 32
        if bits % 8:
            self._diagnostics.error(node.position, f"{bits} bits are not a whole number of bytes")
            bits = 32
        self._check_size(node.position, bits // 8)
        kind = types.scalar(self._abi, sent.sent, received.received, bits)
        return self._with_flags(kind, node.flags)

    def _with_flags(self, kind: Type, flags: tuple[nodes.Flag, ...]) -> Type:
        for flag in flags:
            if flag.name == "islong":
                kind = replace(kind, longform=True)
            elif flag.name == "isnotlong":
                kind = replace(kind, longform=False)
            elif flag.name not in DEALLOCATION_FLAGS:
                self._diagnostics.error(flag.position, f"'{flag.name}' is for arguments only")
        return replace(kind, deallocate=deallocation(flags, kind.deallocate, self._diagnostics))

    def _message_type(self, node: nodes.MessageTypeName) -> builtin.MessageTypeInfo:
        if node.text.isdigit():
            number = int(node.text)
            if number > 255:
                self._diagnostics.error(node.position, f"{number} is no message type: 0 to 255 are")
            name = types.MessageType(number, node.text)
            return builtin.MessageTypeInfo(name, name, 0)
        known = builtin.MESSAGE_TYPES.get(node.text) or builtin.MESSAGE_TYPES.get(node.text.lower())
        if known is None:
            self._diagnostics.error(node.position, f"unknown message type '{node.text}'")
            return builtin.MESSAGE_TYPES["MACH_MSG_TYPE_INTEGER_32"]
        return known

    def _element(self, node: nodes.TypeSpecification) -> Type:
        element = (
            self.lookup(node.position, node.name)
            if isinstance(node, nodes.NamedType)
            else self._build(node)
        )
        if not element.inline or element.variable:
            what = "variable-sized" if element.inline else "out-of-line"
            self._diagnostics.error(node.position, f"an array cannot have {what} elements")
            return self.by_name["int"]
        return element

    def _pointer(self, node: nodes.PointerType) -> Type:
        target = (
            self.lookup(node.target.position, node.target.name)
            if isinstance(node.target, nodes.NamedType)
            else self._build(node.target)
        )
        if not target.indefinite:
            # GNU MIG takes types of fixed size, too, and then sends none of the data.
            self._diagnostics.error(node.position, "only array[] can be out of line")
            return self.by_name["int"]
        return types.pointer_to(self._abi, target, kernel=self._kernel)

    def _struct(self, node: nodes.StructType) -> Type:
        members: list[tuple[str, Position, Type]] = []
        seen: dict[str, Position] = {}
        for member in node.members:
            kind = self.lookup(member.position, member.type.name)
            name = member.name
            check_name(self._diagnostics, name)
            if name.text in seen:
                self._diagnostics.error(name.position, f"duplicate member '{name.text}'")
                self._diagnostics.note(seen[name.text], "it was declared here first")
            seen.setdefault(name.text, name.position)
            if not kind.inline or kind.variable:
                self._diagnostics.error(
                    member.position, f"a struct cannot hold the variable-sized '{kind.name}'"
                )
            elif kind.is_port:
                self._diagnostics.error(
                    member.position, f"a struct cannot hold the port right '{kind.name}'"
                )
            else:
                members.append((name.text, name.position, kind))
        if not members:
            return self.by_name["int"]
        kind = types.struct_of(self._abi, tuple(members), builtin.struct_units(self._abi))
        self._check_size(node.position, kind.bytes)
        return kind

    # Numbers.

    def _value(self, node: nodes.Expression, *, minimum: int) -> int:
        try:
            value = evaluate(node)
        except ExpressionError as error:
            self._diagnostics.error(error.position, error.message)
            return minimum
        if value < minimum:
            self._diagnostics.error(node.position, f"{value} is too small: at least {minimum}")
            return minimum
        return value

    def _count(self, node: nodes.Expression, element: Type) -> int:
        count = self._value(node, minimum=1)
        return count if self._check_size(node.position, count * element.bytes) else 1

    def _check_size(self, position: Position, size: int) -> bool:
        if size > _FIELD_LIMIT:
            self._diagnostics.error(position, f"{size} bytes are more than a message can hold")
            return False
        return True


def deallocation(
    flags: tuple[nodes.Flag, ...], default: Deallocate, diagnostics: Diagnostics
) -> Deallocate:
    """What ``dealloc``, ``dealloc[]`` and ``notdealloc`` among flags ask for.

    In whatever order: the second overrules the others, which cancel each other out.
    """
    asked = [flag for flag in flags if flag.name in DEALLOCATION_FLAGS]
    maybe = [flag for flag in asked if flag.name == "dealloc" and flag.maybe]
    if maybe:
        for flag in asked:
            if flag not in maybe:
                text = f"'{flag.name}' has no effect beside 'dealloc[]'"
                diagnostics.warning(flag.position, text)
        return Deallocate.MAYBE
    names = {flag.name for flag in asked}
    if len(names) > 1:
        diagnostics.warning(asked[-1].position, "'dealloc' and 'notdealloc' cancel each other out")
        return default
    if not names:
        return default
    return Deallocate.YES if "dealloc" in names else Deallocate.NO


def _kernel_port(name: str, in_kernel: bool) -> str:
    """The kernel's name of a C type; only plain ports have a different one."""
    return "ipc_port_t" if in_kernel and name == "mach_port_t" else name
