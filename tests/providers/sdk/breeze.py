"""ICICI Breeze's own SDK, as it comes from PyPI.

It has no setting for where to call. Its addresses are variables of its module `config`, which it imports by that name from its
own folder; so that module is loaded first, and told. The market's list of names is fetched when the SDK is imported.
Its clock is moved with the stand-in's, as its calls carry the time. The list of names may come from elsewhere than the rest.
"""

import datetime
import importlib.util
import sys

origin, ahead = sys.argv[1], datetime.timedelta(milliseconds=float(sys.argv[2]))
names = sys.argv[3] if len(sys.argv) > 3 else origin

(folder,) = importlib.util.find_spec("breeze_connect").submodule_search_locations
sys.path.insert(1, folder)

import config

# Its folder also has a file of the package's name.
sys.path.remove(folder)
config.API_URL = origin + "/breezeapi/api/v1/"
config.BREEZE_NEW_URL = origin + "/api/v2/"
config.SECURITY_MASTER_URL = names + "/MotherAppMaster/SecurityMaster.zip"

from breeze_connect import breeze_connect

from conversation import converse


class Moved(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return datetime.datetime.utcnow() + ahead


breeze_connect.datetime = Moved
sdk = None


def generate_session(app_key, secret, session):
    global sdk
    sdk = breeze_connect.BreezeConnect(api_key=app_key)
    sdk.generate_session(api_secret=secret, session_token=session)
    return {"user_id": sdk.user_id, "session_key": sdk.session_key}


def ask(method, **given):
    return getattr(sdk, method)(**given)


converse({"generate_session": generate_session, "ask": ask})
