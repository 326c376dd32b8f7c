# SPDX-License-Identifier: GPL-2.0-or-later
"""The C between runner and stubs, generated: functions that call each client stub with arguments
from a vector, and server functions that write down their arguments and return a vector's results.

Types come from the stub compiler's own prototypes, sizes and directions from the shapes.
"""

from collections.abc import Iterator, Mapping, Sequence

from tests.conformance.prototypes import Prototype
from tests.conformance.shapes import Argument, Form, Interface, Role, Routine
from tests.conformance.vectors import TOO_MANY

_BUFFER = "\tstatic _Alignas(16) unsigned char {0}[{1}];"


def client_driver(interface: Interface, functions: Sequence[Prototype], kernel: bool) -> str:
    """The text of a client driver; `functions` are the client stubs in the order of routines."""
    parts = ['#include "user.h"', '#include "runner.h"', "#include <string.h>"]
    for routine, function in zip(interface.routines, functions, strict=True):
        parts.append(_call(routine, function))
    table = ", ".join(f"call_{routine.index}" for routine in interface.routines)
    parts.append(f"static void (*const calls[])(void) = {{{table}}};")
    parts.append(f"const int driver_is_kernel = {int(kernel)};")
    parts.append("void driver_call(uint32_t routine)\n{\n\tcalls[routine]();\n}")
    return "\n\n".join(parts) + "\n"


def server_driver(interface: Interface, functions: Sequence[Prototype], kernel: bool) -> str:
    """The text of a server driver; `functions` as in `client_driver`."""
    parts = ['#include "server.h"', '#include "runner.h"', "#include <string.h>"]
    for routine, function in zip(interface.routines, functions, strict=True):
        parts.append(_serve(routine, function))
    parts.append(_kernel_entry(interface) if kernel else _user_entry(interface))
    parts.append(f"const int driver_is_kernel = {int(kernel)};")
    return "\n\n".join(parts) + "\n"


def _user_entry(interface: Interface) -> str:
    return (
        f"extern boolean_t {interface.demux}(mach_msg_header_t *, mach_msg_header_t *);\n"
        "int driver_serve(void *request, void *reply)\n"
        f"{{\n\treturn {interface.demux}(request, reply);\n}}"
    )


def _kernel_entry(interface: Interface) -> str:
    """A kernel server has no demultiplexer; it is found through its table of routines."""
    return (
        '#include "kobject.h"\n'
        "int driver_serve(void *request, void *reply)\n"
        f"{{\n\treturn kobject_serve({interface.name}_server_routine(request), request, reply);\n}}"
    )


def _number(argument: Argument, pointer: str = "") -> str:
    """The C expression of how many elements there are."""
    if argument.has_count:
        return f"{pointer}a_{argument.name}Cnt"
    return str(argument.count)


def _pointee(type_: str) -> str:
    assert type_.endswith(" *"), type_
    return type_.removesuffix(" *")


# The client.


def _call(routine: Routine, function: Prototype) -> str:
    before: list[str] = []
    after: list[str] = []
    actual: dict[str, str] = {}
    types = {parameter.name: parameter.type for parameter in function.parameters}
    for argument in routine.arguments:
        if argument.user:
            before += _client_before(argument, types, actual)
            if argument.returned:
                after += _client_after(argument)
    arguments = ", ".join(actual[parameter.name] for parameter in function.parameters)
    lines = [
        f"static void call_{routine.index}(void)",
        "{",
        "\tkern_return_t driver_code;",
        *before,
        f"\tdriver_code = {function.name}({arguments});",
        "\trunner_put_word(driver_code);",
    ]
    if after:
        lines += ["\tif (driver_code != KERN_SUCCESS)", "\t\treturn;", *after]
    return "\n".join([*lines, "}"])


def _client_before(
    argument: Argument, types: Mapping[str, str], actual: dict[str, str]
) -> Iterator[str]:
    """Declare and fill what the stub is called with; the expressions go into `actual`."""
    name, variable, size = argument.name, f"a_{argument.name}", argument.element.size
    type_ = types[name]
    if argument.form is Form.VALUE:
        by_pointer = argument.returned
        value_type = _pointee(type_) if by_pointer else type_
        yield from _declare_value(argument, variable, value_type)
        actual[name] = f"&{variable}" if by_pointer else variable
    elif argument.form in {Form.ARRAY, Form.STRING}:
        yield _BUFFER.format(variable, argument.room)
        if argument.sent:
            yield f"\trunner_take({variable}, sizeof {variable});"
        actual[name] = f"(void *){variable}"
    elif argument.form is Form.BOUNDED:
        # One more, for a caller that gives too many.
        yield _BUFFER.format(variable, argument.room + size)
        yield f"\tmach_msg_type_number_t {variable}Cnt = runner_take_word();"
        if argument.sent:
            yield f"\trunner_take({variable}, {variable}Cnt * {size});"
        actual[name] = f"(void *){variable}"
        actual[f"{name}Cnt"] = f"&{variable}Cnt" if argument.returned else f"{variable}Cnt"
    else:
        yield from _client_region(argument, types, actual)
    if f"{name}Poly" in types:
        yield f"\tmach_msg_type_name_t {variable}Poly" + (
            " = runner_take_word();" if argument.sent and argument.asks else ";"
        )
        pointer = types[f"{name}Poly"].endswith("*")
        actual[f"{name}Poly"] = f"&{variable}Poly" if pointer else f"{variable}Poly"
    if f"{name}Dealloc" in types:
        yield f"\tboolean_t {variable}Dealloc = runner_take_word();"
        actual[f"{name}Dealloc"] = f"{variable}Dealloc"


def _declare_value(argument: Argument, variable: str, type_: str) -> Iterator[str]:
    if argument.element.is_right or argument.role is not Role.DATA:
        initial = f" = ({type_})(uintptr_t)runner_take_word()" if argument.sent else ""
        yield f"\t{type_} {variable}{initial};"
        return
    yield f"\t{type_} {variable};"
    yield f'\t_Static_assert(sizeof {variable} == {argument.room}, "{argument.name}");'
    if argument.sent:
        yield f"\trunner_take(&{variable}, sizeof {variable});"


def _client_region(
    argument: Argument, types: Mapping[str, str], actual: dict[str, str]
) -> Iterator[str]:
    name, variable, size = argument.name, f"a_{argument.name}", argument.element.size
    type_ = _pointee(types[name]) if argument.returned else types[name]
    if argument.has_count:
        yield f"\tmach_msg_type_number_t {variable}Cnt = runner_take_word();"
    if argument.sent:
        yield (
            f"\t{type_} {variable} = "
            f"({type_})(uintptr_t)runner_take_memory({_number(argument)} * {size});"
        )
    elif argument.form is Form.INDEFINITE:
        yield _BUFFER.format(f"{variable}Room", max(argument.room, 1))
        yield f"\t{type_} {variable} = ({type_})(uintptr_t){variable}Room;"
    else:
        yield f"\t{type_} {variable};"
    actual[name] = f"&{variable}" if argument.returned else variable
    if argument.has_count:
        actual[f"{name}Cnt"] = f"&{variable}Cnt" if argument.returned else f"{variable}Cnt"


def _client_after(argument: Argument) -> Iterator[str]:
    """Write down what came back."""
    variable, size = f"a_{argument.name}", argument.element.size
    if argument.form is Form.VALUE:
        if argument.element.is_right:
            yield f"\trunner_put_word((uintptr_t){variable});"
        else:
            yield f"\trunner_put(&{variable}, sizeof {variable});"
    elif argument.form is Form.ARRAY:
        yield f"\trunner_put({variable}, sizeof {variable});"
    elif argument.form is Form.STRING:
        yield f"\trunner_put({variable}, strlen((char *){variable}) + 1);"
    else:
        if argument.has_count:
            yield f"\trunner_put_word({variable}Cnt);"
        yield f"\trunner_put((void *)(uintptr_t){variable}, {_number(argument)} * {size});"
    if argument.user_poly and argument.tells:
        yield f"\trunner_put_word({variable}Poly);"


# The server.


def _serve(routine: Routine, function: Prototype) -> str:
    parameters = ", ".join(f"{p.type} a_{p.name}" for p in function.parameters)
    types = {parameter.name: parameter.type for parameter in function.parameters}
    lines = [
        f"kern_return_t {function.name}({parameters})",
        "{",
        "\tkern_return_t driver_code;",
        f"\trunner_put_word({routine.number});",
    ]
    for argument in routine.arguments:
        if argument.server:
            lines += _server_before(argument, types)
    lines.append("\tdriver_code = runner_take_word();")
    results = [
        line
        for argument in routine.arguments
        if argument.server and argument.returned
        for line in _server_after(argument, types)
    ]
    if results:
        lines += ["\tif (driver_code != KERN_SUCCESS)", "\t\treturn driver_code;", *results]
    return "\n".join([*lines, "\treturn driver_code;", "}"])


def _server_before(argument: Argument, types: Mapping[str, str]) -> Iterator[str]:
    """Write down what arrived."""
    variable, size = f"a_{argument.name}", argument.element.size
    star = "*" if argument.returned else ""
    if argument.has_count and (argument.sent or argument.form is not Form.REGION):
        yield f"\trunner_put_word({star}{variable}Cnt);"
    if argument.sent:
        if argument.form is Form.VALUE:
            if argument.element.is_right or argument.role is not Role.DATA:
                yield f"\trunner_put_word((uintptr_t){star}{variable});"
            else:
                yield f"\trunner_put({'' if star else '&'}{variable}, {argument.room});"
        elif argument.form is Form.ARRAY:
            yield f"\trunner_put({variable}, {argument.room});"
        elif argument.form is Form.STRING:
            yield f"\trunner_put({variable}, strlen((const char *){variable}) + 1);"
        elif argument.form is Form.BOUNDED:
            yield f"\trunner_put({variable}, {star}{variable}Cnt * {size});"
        else:
            number = _number(argument, star)
            yield f"\trunner_put((void *)(uintptr_t){star}{variable}, {number} * {size});"
        if f"{argument.name}Poly" in types and argument.tells:
            pointer = "*" if types[f"{argument.name}Poly"].endswith("*") else ""
            yield f"\trunner_put_word({pointer}{variable}Poly);"
        if f"{argument.name}SCopy" in types:
            yield f"\trunner_put_word({variable}SCopy);"


def _server_after(argument: Argument, types: Mapping[str, str]) -> Iterator[str]:
    """Return what the vector says."""
    variable, size = f"a_{argument.name}", argument.element.size
    if argument.form is Form.VALUE:
        if argument.element.is_right:
            type_ = _pointee(types[argument.name])
            yield f"\t*{variable} = ({type_})(uintptr_t)runner_take_word();"
        else:
            yield f"\trunner_take({variable}, {argument.room});"
    elif argument.form in {Form.ARRAY, Form.STRING}:
        yield f"\trunner_take({variable}, {argument.room});"
    elif argument.form is Form.BOUNDED:
        yield f"\t*{variable}Cnt = runner_take_word();"
        yield f"\tif (*{variable}Cnt != {TOO_MANY}U)"
        yield f"\t\trunner_take({variable}, *{variable}Cnt * {size});"
    else:
        type_ = _pointee(types[argument.name])
        bytes_ = f"{_number(argument, '*')} * {size}"
        memory = f"*{variable} = ({type_})(uintptr_t)runner_take_memory({bytes_});"
        if argument.has_count:
            yield f"\t*{variable}Cnt = runner_take_word();"
        if argument.form is Form.INDEFINITE:
            yield f"\tif (*{variable}Cnt <= {argument.count})"
            yield f"\t\trunner_take((void *)(uintptr_t)*{variable}, *{variable}Cnt * {size});"
            yield f"\telse if (*{variable}Cnt != {TOO_MANY}U)"
            memory = "\t" + memory
        yield f"\t{memory}"
    if f"{argument.name}Poly" in types and argument.answers:
        yield f"\t*{variable}Poly = runner_take_word();"
    if f"{argument.name}Dealloc" in types:
        yield f"\t*{variable}Dealloc = runner_take_word();"
