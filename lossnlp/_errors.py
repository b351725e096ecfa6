"""The errors that lossnlp raises on purpose.

LossnlpError          base class: one message that names the cause and the mend
├── InputError        a file, row, column or value given by the user cannot be used
├── TaxonomyError     a taxonomy or crosswalk file is wrong; names line and field
└── BundleError       a bundle is missing, changed, damaged or of another version

The command line prints the message alone and exits with 2; the service answers with a problem
document. Anything else that is raised is a fault of lossnlp itself.
"""


class LossnlpError(Exception):
    """Base class of every error that lossnlp raises on purpose."""


class InputError(LossnlpError):
    """Raised when a file, row, column or value given by the user cannot be used."""


class TaxonomyError(LossnlpError):
    """Raised when a taxonomy or crosswalk is wrong; the message names line and field."""


class BundleError(LossnlpError):
    """Raised when a bundle is missing, changed, damaged or of another version."""
