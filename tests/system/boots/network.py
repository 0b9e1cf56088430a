"""The host's side of the boot that tries the network: a web server on 127.0.0.1, which the guest sees at 10.0.2.2."""
import http.server
import threading

PAGE = b"boots: a page from the host\n" * 4000  # many segments


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        half = len(PAGE) // 2
        self.wfile.write(PAGE[:half])
        if "half" not in self.path:  # else: the host's side vanishes in the middle
            self.wfile.write(PAGE[half:])

    def log_message(self, *_):
        pass


def serve():
    """The port. The server ends with the program."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
