# SPDX-License-Identifier: GPL-2.0-or-later
"""From the syntax tree to the model of a subsystem on one ABI."""

from __future__ import annotations

from mig.frontend import nodes
from mig.frontend.diagnostics import CompileError, Diagnostics, Position
from mig.model.abi import Abi
from mig.model.arguments import ArgumentResolver
from mig.model.declarations import TypeTable
from mig.model.expressions import LIMIT
from mig.model.names import check_name
from mig.model.routines import REPLY_OFFSET, Import, Model, Routine


def resolve(
    tree: nodes.Specification,
    abi: Abi,
    diagnostics: Diagnostics,
    *,
    file: str,
    user_prefix: str = "",
) -> Model:
    """Resolve a tree.

    Args:
        tree: what the parser made.
        abi: the target.
        diagnostics: where errors and warnings go, and where the parser's went.
        file: the name of the ``.defs``.
        user_prefix: put before the names of all the user's functions (``-prefix``).

    Raises:
        CompileError: when there is any error, the parser's included.
    """
    subsystems = [node for node in tree.statements if isinstance(node, nodes.Subsystem)]
    if not subsystems:
        if not diagnostics.has_errors:
            diagnostics.error(Position(file, 0, 0), "there is no subsystem declaration")
        raise CompileError(diagnostics.found)
    for other in subsystems[1:]:
        diagnostics.error(other.position, "a second subsystem declaration")
        diagnostics.note(subsystems[0].position, "the first is here")
    resolver = _Resolver(subsystems[0], abi, diagnostics, user_prefix)
    for statement in tree.statements:
        resolver.add(statement)
    diagnostics.raise_if_errors()
    return resolver.model(file)


class _Resolver:
    """Goes through the statements in order; prefixes and defaults hold for what comes after."""

    def __init__(
        self, subsystem: nodes.Subsystem, abi: Abi, diagnostics: Diagnostics, user_prefix: str
    ) -> None:
        self._subsystem = subsystem
        self._abi = abi
        self._diagnostics = diagnostics
        self._types = TypeTable(
            abi,
            diagnostics,
            kernel_user=subsystem.kernel_user,
            kernel_server=subsystem.kernel_server,
        )
        self._command_line_prefix = user_prefix
        self._user_prefix = ""
        self._server_prefix = ""
        self._server_demux: str | None = None
        self._wait_time: str | None = None
        self._message_option: str | None = None
        self._rcs_id: str | None = None
        self._imports: list[Import] = []
        self._routines: list[Routine | None] = []
        self._declared: dict[str, Position] = {}
        self._started = False
        check_name(diagnostics, subsystem.name)
        if subsystem.base + REPLY_OFFSET > LIMIT:
            diagnostics.error(subsystem.position, f"message id {subsystem.base} is too large")

    def add(self, node: nodes.Statement) -> None:
        """Take in one statement."""
        match node:
            case nodes.Subsystem():
                self._started = True
            case nodes.TypeDeclaration():
                self._require_subsystem(node.position, "type")
                self._types.declare(node.definition)
            case nodes.Routine():
                self._require_subsystem(node.position, "routine")
                self._routine(node)
            case nodes.Skip():
                self._routines += [None] * min(node.count, REPLY_OFFSET + 1)
            case nodes.Import():
                self._imports.append(Import(node.header, node.user, node.server))
            case nodes.ServerPrefix():
                self._server_prefix = node.name.text
            case nodes.UserPrefix():
                self._user_prefix = node.name.text
            case nodes.ServerDemux():
                check_name(self._diagnostics, node.name)
                self._server_demux = node.name.text
            case nodes.WaitTime():
                self._wait_time = node.value
            case nodes.MessageOption():
                none = node.value == "MACH_MSG_OPTION_NONE"
                self._message_option = None if none else node.value
            case nodes.RcsId():
                self._rcs_id = node.text

    def _require_subsystem(self, position: Position, what: str) -> None:
        if not self._started:
            self._diagnostics.error(
                position, f"a {what} cannot come before the subsystem declaration"
            )

    def _routine(self, node: nodes.Routine) -> None:
        name = node.name
        check_name(self._diagnostics, name, generated=True)
        if name.text in self._declared:
            self._diagnostics.error(name.position, f"routine '{name.text}' is already declared")
            self._diagnostics.note(self._declared[name.text], "it was declared here first")
        self._declared.setdefault(name.text, name.position)
        number = len(self._routines)
        message_id = self._subsystem.base + number
        if message_id + REPLY_OFFSET > LIMIT:
            self._diagnostics.error(name.position, f"message id {message_id} is too large")
        if number == REPLY_OFFSET:
            self._diagnostics.error(
                name.position,
                f"message id {message_id} is the reply id of the subsystem's first routine:"
                f" a subsystem has room for {REPLY_OFFSET}",
            )
        arguments = ArgumentResolver(self._abi, self._types, self._diagnostics, node)
        self._routines.append(
            Routine(
                name=name.text,
                position=name.position,
                simple=node.simple,
                number=number,
                message_id=message_id,
                reply_id=None if node.simple else message_id + REPLY_OFFSET,
                user_name=f"{self._command_line_prefix}{self._user_prefix}{name.text}",
                server_name=f"{self._server_prefix}{name.text}",
                arguments=arguments.resolved,
                request=arguments.request_layout(message_id),
                reply=None if node.simple else arguments.reply_layout(message_id + REPLY_OFFSET),
                wait_time=self._wait_time,
                message_option=self._message_option,
            )
        )

    def model(self, file: str) -> Model:
        """The model, when all statements have been taken in without an error."""
        subsystem = self._subsystem
        return Model(
            abi=self._abi,
            file=file,
            name=subsystem.name.text,
            position=subsystem.position,
            base=subsystem.base,
            kernel_user=subsystem.kernel_user,
            kernel_server=subsystem.kernel_server,
            server_demux=self._server_demux or f"{subsystem.name.text}_server",
            imports=tuple(self._imports),
            types=self._types.by_name,
            routines=tuple(self._routines),
            rcs_id=self._rcs_id,
            warnings=self._diagnostics.found,
        )
