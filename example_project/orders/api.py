"""Handlers of the Orders API. All other operations are generated."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from django.db.models import F
from django.utils import timezone

from macaron_django import apipool, dynamodb
from macaron_django.api import current_item
from macaron_django.auth import get_user_token_data
from macaron_django.exceptions import ItemOutOfBounds
from orders.exceptions import NoReceipt, OrderClosed, OutOfStock, UnknownProduct

KEPT_AFTER_CANCELLATION = timedelta(days=30)


def place_order(body):
    shop, tenant = apipool.orders, get_user_token_data()["tenant"]
    quantities = _quantities(body.lines)
    products = dynamodb.transaction.get(*(_product(tenant, sku) for sku in quantities))
    for sku, product in zip(quantities, products, strict=True):
        if product is None:
            raise UnknownProduct(f"There is no product {sku}.")
    order = shop.Order(tenant_id=tenant, status="open", total=_total(products, quantities), **body.to_dict())
    try:
        with dynamodb.transaction():  # all of the writes are made, or none
            for sku, quantity in quantities.items():
                _product(tenant, sku).update(stock=F("stock") - quantity)
            order.save()
    except ItemOutOfBounds as error:  # the schema says `minimum: 0`
        raise OutOfStock("There is less in stock than was ordered.") from error
    return order, 201


def pay_order(order_id, request):
    order = current_item(request)
    if order.status != "open":
        raise OrderClosed(f"The order is {order.status}.")
    order.status = "paid"
    order.save()
    return order


def cancel_order(order_id, request):
    order = current_item(request)
    if order.status not in {"open", "paid"}:
        raise OrderClosed(f"The order is {order.status}.")
    order.status = "cancelled"
    order.delete_after = timezone.now() + KEPT_AFTER_CANCELLATION
    with dynamodb.transaction():
        for sku, quantity in _quantities(order.lines).items():
            _product(order.tenant_id, sku).update(stock=F("stock") + quantity)
        order.save()  # fails if the order has changed meanwhile, so that nothing is put back twice
    return order


def export_orders():
    tenant = get_user_token_data()["tenant"]  # read now: a generator would read it while the response is sent
    return apipool.orders.Order.objects.filter(tenant_id=tenant).iterator()


def put_receipt(form, order_id, request):
    order = current_item(request)
    content = form["file"].read()
    apipool.orders.Receipt(tenant_id=order.tenant_id, order_id=order.order_id, content=content).save()


def get_receipt(order_id, request):
    order = current_item(request)
    receipt = apipool.orders.Receipt.objects.filter(tenant_id=order.tenant_id, order_id=order.order_id).first()
    if receipt is None:
        raise NoReceipt("The order has no receipt yet.")
    return receipt.content


def _quantities(lines):
    quantities = Counter()  # a product may be on two lines, but only once in a transaction
    for line in lines:
        quantities[line.sku] += line.quantity
    return quantities


def _total(products, quantities):
    return sum((product.price * quantities[product.sku] for product in products), Decimal())


def _product(tenant, sku):
    return apipool.orders.Product.objects.filter(tenant_id=tenant, sku=sku)
