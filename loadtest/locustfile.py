"""Load on what the lab serves. By one command: ./lab load. With Locust's page, in Docker: the profile `locust`.

Each user class stands in its own file; where they may go and how far is in guard.py and shoplab.load.bounds.
"""

import guard
import recorder
import summary
from producers import ProducerUser
from shoppers import ShopperUser
from webhdfs import WebHdfsUser

__all__ = ["ProducerUser", "ShopperUser", "WebHdfsUser", "guard", "recorder", "summary"]
