"""Shoppers on the recommendation API."""

import random

import orjson
from locust import FastHttpUser, task
from locust.exception import StopUser
from pacing import SETTINGS, Paced

from shoplab.load.bounds import SHOPPERS, check_address

SAMPLE = 200


class ShopperUser(Paced, FastHttpUser):
    """Asks for recommendations of users that the API itself names; now and then for the rest of the page."""

    target = SHOPPERS
    host = SETTINGS.api_url
    connection_timeout = 5.0
    network_timeout = 15.0
    max_redirects = 0  # an answer from elsewhere is none of the lab's

    def __init__(self, environment):
        check_address(self.host)
        super().__init__(environment)

    def on_start(self):
        self.users = self.sample_users()
        if not self.users:
            raise StopUser

    @task(20)
    def recommendations(self):
        path = f"/recommendations/{random.choice(self.users)}"
        with self.client.get(path, name="/recommendations/{user}", catch_response=True) as response:
            if response.status_code == 200 and not orjson.loads(response.content)["items"]:
                response.failure("no items")

    @task(2)
    def sample_users(self) -> list[str]:
        response = self.client.get("/users/sample", params={"n": SAMPLE}, name="/users/sample")
        users = orjson.loads(response.content)["users"] if response.status_code == 200 else []
        return [user["user_id"] for user in users]

    @task(2)
    def segments(self):
        self.client.get("/segments")

    @task(1)
    def health(self):
        self.client.get("/health")
