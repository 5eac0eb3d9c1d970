"""wuxian 五险: the product's services. An application, not a library: install it in its own venv."""

VERSION = "0.1.0"
