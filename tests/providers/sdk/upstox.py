"""Upstox's own SDK, as it comes from PyPI; it is told where to call by its own `Configuration.host`."""

import sys

import upstox_client

from conversation import converse

VERSION = "2.0"


def client(access_token=""):
    configuration = upstox_client.Configuration()
    configuration.host = configuration.order_host = sys.argv[1]
    configuration.access_token = access_token
    return upstox_client.ApiClient(configuration)


def plain(api, value):
    return api.sanitize_for_serialization(value)


def authorize(client_id, redirect_uri, state):
    api = client()
    upstox_client.LoginApi(api).authorize(client_id, redirect_uri, VERSION, state=state)
    return api.last_response.status


def token(**form):
    api = client()
    return plain(api, upstox_client.LoginApi(api).token(VERSION, **form))


def request_token(client_id, client_secret):
    api = client()
    body = upstox_client.IndieUserTokenRequest(client_secret=client_secret)
    return plain(api, upstox_client.LoginApi(api).init_token_request_for_indie_user(body, client_id))


def logout(access_token):
    api = client(access_token)
    return plain(api, upstox_client.LoginApi(api).logout(VERSION))


def profile(access_token):
    api = client(access_token)
    return plain(api, upstox_client.UserApi(api).get_profile(VERSION))


def holdings(access_token):
    api = client(access_token)
    return plain(api, upstox_client.PortfolioApi(api).get_holdings(VERSION))


def funds(access_token):
    api = client(access_token)
    return plain(api, upstox_client.UserApi(api).get_user_fund_margin_v3())


def update_ip(access_token, primary_ip):
    api = client(access_token)
    return plain(api, upstox_client.UserApi(api).update_user_ip(upstox_client.UpdateUserIpRequest(primary_ip=primary_ip)))


def quotes(access_token, instrument_key):
    api = client(access_token)
    return plain(api, upstox_client.MarketQuoteApi(api).get_full_market_quote(instrument_key, VERSION))


def ltp(access_token, instrument_key):
    api = client(access_token)
    return plain(api, upstox_client.MarketQuoteV3Api(api).get_ltp(instrument_key=instrument_key))


def candles(access_token, instrument_key):
    api = client(access_token)
    return plain(api, upstox_client.HistoryV3Api(api).get_intra_day_candle_data(instrument_key, "minutes", 5))


def option_chain(access_token, instrument_key, expiry_date):
    api = client(access_token)
    return plain(api, upstox_client.OptionsApi(api).get_put_call_option_chain(instrument_key, expiry_date))


def place_order(access_token, **order):
    api = client(access_token)
    return plain(api, upstox_client.OrderApiV3(api).place_order(upstox_client.PlaceOrderV3Request(**order)))


def orders(access_token):
    api = client(access_token)
    return plain(api, upstox_client.OrderApi(api).get_order_book(VERSION))


converse({act.__name__: act for act in (
    authorize, token, request_token, logout, profile, holdings, funds, update_ip, quotes, ltp, candles, option_chain, place_order, orders,
)})
