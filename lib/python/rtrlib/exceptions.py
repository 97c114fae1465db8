# SPDX-License-Identifier: ISC
"""All exceptions of the package."""


class RTRlibException(Exception):
    """What all of them are."""


class RTRInitError(RTRlibException):
    """An RTRManager could not be made."""


class PFXException(RTRlibException):
    """A route could not be validated."""


class IpConversionException(RTRlibException):
    """A text is no IP address, or an address could not be made a text."""


class SyncTimeout(RTRlibException):
    """The time was over before the table was there.  That may still come."""
