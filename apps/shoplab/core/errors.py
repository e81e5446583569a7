"""Errors a user can act on. The command line prints them as one line and ends with their exit code."""


class LabError(Exception):
    """What failed and what to type next, in one line. Exit code 2: bad input."""

    exit_code = 2

    def __str__(self) -> str:
        """Names of files and values from them may hold line ends and characters that move a terminal's cursor."""
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in super().__str__())


class ServiceError(LabError):
    """A service, tool or network that the command needs is missing. Exit code 3."""

    exit_code = 3
