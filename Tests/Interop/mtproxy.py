"""mtprotoproxy in front of a sandbox: prints its port, and a line for each connection it makes.

Usage: mtproxy.py PORT SECRET DC=SANDBOX_PORT…
"""

import asyncio
import sys

import mtprotoproxy

port, secret, *ports = sys.argv[1:]
ports = {int(dc): int(at) for dc, at in (text.split("=") for text in ports)}

# Its settings come as arguments, its data centres from constants.
sys.argv = ["mtprotoproxy", "1", secret]
mtprotoproxy.init_config()
config = mtprotoproxy.config
config.SECURE_ONLY = False
config.MASK = False
config.USE_MIDDLE_PROXY = False
mtprotoproxy.TG_DATACENTERS_V4 = [str(ports.get(dc, 0)) for dc in range(1, 6)]
mtprotoproxy.my_ip_info = {"ipv4": "127.0.0.1", "ipv6": None}

connect = mtprotoproxy.open_connection_tryer


async def counted(at, _, **options):
    print("connects", flush=True)
    return await connect("127.0.0.1", int(at), **options)


async def serve():
    mtprotoproxy.open_connection_tryer = counted
    mtprotoproxy.init_stats()
    server = await asyncio.start_server(
        mtprotoproxy.handle_client_wrapper, "127.0.0.1", int(port), limit=mtprotoproxy.get_to_tg_bufsize()
    )
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
