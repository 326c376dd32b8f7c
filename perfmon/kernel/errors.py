# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with kernel images and guests; no behaviour lives here."""


class KernelError(Exception):
    """Base of every error of this package; its text is one line for the user."""


class PackageError(KernelError):
    """A package could not be had."""


class ToolError(KernelError):
    """A program that is needed is missing or failed."""


class AssumptionError(KernelError):
    """A kernel image is not what the instrumenter can handle."""

    def __init__(self, image: str, assumption: str) -> None:
        super().__init__(f"{image}: assumption failed: {assumption}")
        self.image = image
        self.assumption = assumption


class GuestError(KernelError):
    """A guest could not be started, found or stopped."""
