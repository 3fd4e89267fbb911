"""The errors that the Orders API can return."""

from macaron_django.exceptions import PyMacaronException


class UnknownProduct(PyMacaronException):
    code = "UNKNOWN_PRODUCT"
    status = 400


class OutOfStock(PyMacaronException):
    code = "OUT_OF_STOCK"
    status = 409


class OrderClosed(PyMacaronException):
    code = "ORDER_CLOSED"
    status = 409


class NoReceipt(PyMacaronException):
    code = "NO_RECEIPT"
    status = 404
