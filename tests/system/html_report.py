#!/usr/bin/env python3
"""Opens the HTML report in headless Chromium and uses it: sorts, filters, chooses, slides, switches the theme.

The page is driven by a script beside it (html_report.js) that clicks and types as a reader would and writes what it found
into the page. SKIP without chromium, or in a program that was built without the page.
"""
import argparse
import html
import json
import os
import re
import shutil
import subprocess
import tempfile

import harness


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return name
    return harness.skip("there is no chromium here (Debian package chromium)")


def open_page(browser, page, home, width):
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={home}",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", f"--window-size={width},900", "--dump-dom",
               f"file://{page}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=240).stdout


def check_file(checks, text, again):
    checks.equal("two equal runs give the same page, byte for byte", again, text)
    checks.hold(len(text) < 8 << 20, "the page is a few megabytes at most", str(len(text)))
    links = re.findall(r"""(?:src|href)=["'](?!#)[^"']*["']""", text.split('<script type="application/json"')[0])
    checks.equal("nothing is loaded from anywhere", links, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    browser = chromium()
    checks = harness.Checks()
    with tempfile.TemporaryDirectory() as home:
        texts = []
        for name in ("one.html", "two.html"):
            page = os.path.join(home, name)
            status, out, err = harness.run(options.hartbeat, "run", "--harts", 4, "--quiet", "--stats", f"html:{page}", options.program, *options.arguments)
            if "built without the HTML report" in err:
                harness.skip("this hartbeat was built without npm")
            checks.equal("the exit status", status, 0)
            with open(page, encoding="utf-8") as file:
                texts.append(file.read())
        check_file(checks, *texts)
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "html_report.js"), encoding="utf-8") as script:
            driven = texts[0].replace("</body>", f"<script>{script.read()}</script></body>")
        page = os.path.join(home, "driven.html")
        with open(page, "w", encoding="utf-8") as file:
            file.write(driven)
        for width in (1280, 500):
            dom = open_page(browser, page, home, width)
            found = re.search(r'<pre id="verdict">(.*?)</pre>', dom, re.S)
            if not checks.hold(found, f"the page's script ran to its end, {width} pixels wide", dom[-2000:]):
                checks.end()
            for sentence, holds, details in json.loads(html.unescape(found.group(1))):
                checks.hold(holds, f"{width} pixels wide: {sentence}", details)
    checks.end()


if __name__ == "__main__":
    main()
