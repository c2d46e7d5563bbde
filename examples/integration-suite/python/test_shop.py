"""The shop's suite, against the whole of Archon Auth in a process of its own.

    archon-testkit &
    ARCHON_TESTKIT_CONTROL=http://127.0.0.1:8182 python -m unittest test_shop
"""

import datetime
import os
import threading
import unittest

from shop import Shop
from testkit import Testkit, call


class ShopTest(unittest.TestCase):
    def begin(self, **anew):
        """A service with nothing stored, and the shop that trusts it."""
        self.auth = Testkit(os.environ["ARCHON_TESTKIT_CONTROL"])
        self.auth.reset(**anew)
        shop = Shop(self.auth.jwks_url, self.auth.issuer, self.auth.audience)
        threading.Thread(target=shop.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.addCleanup(shop.server_close)
        self.addCleanup(shop.shutdown)
        self.orders = f"http://127.0.0.1:{shop.server_address[1]}/orders"

    def test_customers_see_their_own_orders_and_strangers_none(self):
        self.begin()
        ada = self.auth.register("ada@example.com")
        expected = {"customer": ada["id"], "orders": []}
        self.assertEqual(call("GET", self.orders, token=ada["access_token"]), (200, expected))
        for token in ["", "made up", ada["refresh_token"]]:
            self.assertEqual(call("GET", self.orders, token=token)[0], 401, token)

    def test_a_token_of_another_service_opens_nothing(self):
        self.begin()
        stranger = self.auth.register("eve@example.com")
        self.begin()
        self.assertEqual(call("GET", self.orders, token=stranger["access_token"])[0], 401)

    def begin_an_hour_ago(self):
        """The shop goes by the real time: nothing of the service may lie in its future."""
        hour = datetime.timedelta(hours=1)
        self.begin(start_at=(datetime.datetime.now(datetime.timezone.utc) - hour).isoformat())

    def test_an_expired_token_opens_nothing(self):
        self.begin_an_hour_ago()
        ada = self.auth.register("ada@example.com")
        self.assertEqual(call("GET", self.orders, token=ada["access_token"])[0], 401)
        self.auth.advance(3600)
        self.assertEqual(call("GET", self.orders, token=self.auth.log_in(ada)["access_token"])[0], 200)

    def test_only_who_has_verified_an_address_may_order(self):
        self.begin_an_hour_ago()
        self.auth.mail_server("away")
        ada = self.auth.register("ada@example.com")
        self.auth.mail_server("up")
        # By then the service has tried again.
        self.auth.advance(3600)
        self.assertEqual(call("POST", self.orders, {}, self.auth.log_in(ada)["access_token"])[0], 403)
        token = self.auth.mail("ada@example.com", "verify_email")["token"]
        self.assertEqual(self.auth.call("POST", "/auth/email/verify", {"token": token})[0], 200)
        self.assertEqual(call("POST", self.orders, {}, self.auth.log_in(ada)["access_token"])[0], 201)

    def test_one_seed_yields_the_same_identifiers(self):
        self.begin(seed=7)
        first = self.auth.register("ada@example.com")["id"]
        self.begin(seed=7, settings={"tokens.issuer": "https://auth.example.com"})
        self.assertEqual(self.auth.register("ada@example.com")["id"], first)
        self.assertEqual(self.auth.issuer, "https://auth.example.com")


if __name__ == "__main__":
    unittest.main()
