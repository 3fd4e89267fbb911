"""Tests of the Orders API, with the plugin's `api_client` and `dynamodb`: `pytest example_project/orders`."""

import json

import pytest

from macaron_django.auth import generate_token

SCOPES = "orders:write stock:write"
TEA = {"sku": "tea", "name": "Tea", "price": "4.50", "stock": 10}
TWO_TEAS = {"customer": "Ada Lovelace", "lines": [{"sku": "tea", "quantity": 2}]}


@pytest.fixture
def client_of(api_client, dynamodb):
    """Returns the client, with the token of a user of a tenant."""

    def of(tenant, scope=SCOPES):
        token = generate_token("ada", data={"tenant": tenant, "scope": scope})
        api_client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return api_client

    return of


@pytest.fixture
def acme(client_of):
    """A client of the tenant "acme", whose stock has ten packs of tea."""
    client = client_of("acme")
    assert client.post("/shop/products", TEA, format="json").status_code == 201
    return client


def stock(client):
    return client.get("/shop/products/tea").json()["stock"]


def test_an_order_is_taken_from_the_stock(acme):
    answer = acme.post("/shop/orders", TWO_TEAS, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["total"] == "9.00"
    assert stock(acme) == 8
    assert [order["status"] for order in acme.get("/shop/orders?status=open").json()] == ["open"]


@pytest.mark.parametrize(
    ("lines", "status", "error"),
    [
        ([("tea", 6), ("tea", 6)], 409, "OUT_OF_STOCK"),
        ([("tea", 1), ("coffee", 1)], 400, "UNKNOWN_PRODUCT"),
        ([("tea", 0)], 400, "INVALID_PARAMETER"),
    ],
)
def test_what_cannot_be_delivered_changes_nothing(acme, lines, status, error):
    body = {"customer": "Ada", "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
    answer = acme.post("/shop/orders", body, format="json")
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert stock(acme) == 10
    assert acme.get("/shop/orders").json() == []


def test_a_cancelled_order_is_put_back_once(acme):
    order = acme.post("/shop/orders", TWO_TEAS, format="json").json()
    path = f"/shop/orders/{order['order_id']}/cancel"
    assert acme.post(path).json()["status"] == "cancelled"
    assert (acme.post(path).json()["error"], stock(acme)) == ("ORDER_CLOSED", 10)


def test_tenants_see_their_own_orders_only(acme, client_of):
    order = acme.post("/shop/orders", TWO_TEAS, format="json").json()
    other = client_of("umbrella")
    assert other.get(f"/shop/orders/{order['order_id']}").status_code == 404
    assert other.post(f"/shop/orders/{order['order_id']}/cancel").status_code == 404
    assert other.get("/shop/orders").json() == []


def test_a_token_without_the_scope_may_read_and_not_write(acme, client_of):
    reader = client_of("acme", scope="")
    assert reader.get("/shop/products/tea").status_code == 200
    assert reader.post("/shop/orders", TWO_TEAS, format="json").status_code == 403


def test_a_change_of_an_order_that_another_user_has_changed_is_refused(acme):
    order = acme.post("/shop/orders", TWO_TEAS, format="json")
    path = f"/shop/orders/{order.json()['order_id']}"
    patch = {"content_type": "application/merge-patch+json", "headers": {"If-Match": acme.get(path)["ETag"]}}
    assert acme.patch(path, json.dumps({"note": "Ring twice"}), **patch).json()["note"] == "Ring twice"
    assert acme.patch(path, json.dumps({"note": "Knock"}), **patch).status_code == 412


def test_a_product_is_not_replaced_with_a_stock_that_was_sold_meanwhile(acme):
    path, read = "/shop/products/tea", acme.get("/shop/products/tea")
    replaced = {"path": path, "format": "json", "headers": {"If-Match": read["ETag"]}}
    acme.post("/shop/orders", TWO_TEAS, format="json")
    assert acme.put(data={**TEA, "price": "4.80"}, **replaced).status_code == 412
    assert stock(acme) == 8
    replaced["headers"]["If-Match"] = acme.get(path)["ETag"]
    answer = acme.put(data={**TEA, "price": "4.80", "stock": 8}, **replaced)
    assert (answer.status_code, answer.json()["price"]) == (200, "4.80")


def test_an_order_is_paid_once(acme):
    path = f"/shop/orders/{acme.post('/shop/orders', TWO_TEAS, format='json').json()['order_id']}/pay"
    assert acme.post(path).json()["status"] == "paid"
    assert acme.post(path).json()["error"] == "ORDER_CLOSED"


def test_a_receipt_comes_back_as_it_was_uploaded(acme, tmp_path):
    order = acme.post("/shop/orders", TWO_TEAS, format="json").json()
    path, file = f"/shop/orders/{order['order_id']}/receipt", tmp_path / "receipt.pdf"
    assert acme.get(path).json()["error"] == "NO_RECEIPT"
    file.write_bytes(b"%PDF-1.7 \x00\xff")
    with file.open("rb") as opened:
        assert acme.put(path, {"file": opened}, format="multipart").status_code == 204
    answer = acme.get(path)
    assert (answer["Content-Type"], answer.content) == ("application/pdf", file.read_bytes())


def test_the_export_has_a_line_for_each_order(acme):
    for _ in range(3):
        acme.post("/shop/orders", TWO_TEAS, format="json")
    lines = acme.get("/shop/orders/export").getvalue().splitlines()
    assert [json.loads(line)["customer"] for line in lines] == ["Ada Lovelace"] * 3
