"""How lists of arguments are printed: from the end of one argument to the beginning of the next.

`-u joe:x`, `['-u', 'joe:x']`, `["-u","joe:x"]`, `[-u, joe:x]` of Java; on lines of their own in YAML, PHP's print_r and
var_dump; with their numbers in the kernel's audit.
"""

_SPACE = r"(?:\s|\\{1,15}[nrt])"
_NUMBERED = (
    r"(?:-|(?:argv|args?)?\[[0-9]{1,3}\]\s{0,2}(?:=>|=|:)" + _SPACE + r"{0,16}(?:string\([0-9]{1,5}\))?"
    r"|[0-9]{1,3}\s?=>|a(?:rg)?[0-9]{1,3}=)"
)
_QUOTE = r"""(?:\\{0,15}["'])?"""
NEXT_ARGUMENT = rf"(?>{_QUOTE}(?:,{_SPACE}{{0,16}}|{_SPACE}{{1,16}})(?:{_NUMBERED}\s{{0,4}}(?!-))?{_QUOTE})"
