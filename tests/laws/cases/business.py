"""The transformer laws: cases of business."""

import pyarrow as pa

from laws.case import Case

V4 = ("10.0.0.1", "10.0.0.2", "8.8.8.8:443", "10.1.2.0/24", "10.1.2.7/24", "127.0.0.1", "300.1.1.1", "1.2.3")
V6 = ("2001:db8::1", "2001:DB8::1", "::1", "::", "::ffff:1.2.3.4", "fe80::1%eth0", "2a00::/32", "1::2::3", "1:2")
MACS = ("00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "02:42:ac:11:00:02", "00:00:00:00:00:00", "eth0")
HOSTS = ("mail.acme.co.uk", "ACME.com", "www", "10.1.2.3", "db-01", "acme.com.", "..", "[2001:db8::1]", "2001:db8::1")
URLS = (
    "https://ada:pw@www.acme.com:8080/ada/index.html?name=Ada%20L&q=x#top",
    "mailto:ada@acme.com",
    "http://[2001:db8::1]:80/x",
    "http://10.1.2.3",
    "//acme.com?a=%zz&b",
    "/a/b.jpg",
    "::1/x",
)
PATHS = ("/home/ada/cv.pdf", "C:\\Users\\Ada L\\cv.final.docx", "a/../b", "backup.tar.gz", ".env")


def v4(number: int) -> str:
    return f"203.{number % 256}.{number // 256}.{number * 7 % 256}"


NAMES = ("Acme GmbH & Co. KG", "Acme, Inc.", "佐藤商事株式会社", "Acme S.p.A.", "ltd", "  ")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "curl/7.68.0",
    "Googlebot/2.1",
)

CASES = {
    "company": [
        Case("company", samples=NAMES),
        Case({"company": {"locale": "ja"}}, "text", {"max_length": 9}, NAMES),
        Case({"company": {"suffix": "none", "locale": "from bystander", "per": "who"}}, samples=NAMES),
    ],
    "department": [Case("department"), Case({"department": {"locale": "from bystander"}})],
    "job_title": [Case({"job_title": {"locale": "de", "per": "who"}}), Case("job_title", "text", {"max_length": 6})],
    "industry": [Case("industry")],
    "product": [Case("product")],
    "currency": [Case("currency"), Case({"currency": {"per": "who"}}, "text", {"max_length": 3})],
    "user_agent": [Case("user_agent", samples=AGENTS), Case({"user_agent": {"per": "who"}}, samples=AGENTS)],
    "ip": [
        Case("ip", samples=(*V4, *V6), nth=v4),
        Case({"ip": {"keep_prefix": 16, "keep_prefix6": 32}}, samples=(*V4, *V6), nth=lambda n: f"2a00:1450::{n:x}"),
        Case({"ip": {"private": "keep"}}, samples=V4),
        Case("ip", "other", {"native_type": "inet"}, samples=(*V4, *V6), nth=lambda n: f"10.{n // 256}.{n % 256}.0/24"),
        Case("ip", "integer", {"arrow_type": pa.int64()}, samples=(2**32 - 1, 2**32), nth=lambda n: 2**31 + 999 * n),
        Case("ip", "integer", nth=lambda n: 2**24 + 7 * n),
    ],
    "mac": [
        Case("mac", samples=MACS, nth=lambda n: f"00:1a:2b:3c:{n // 256:02x}:{n % 256:02x}"),
        Case({"mac": {"keep_vendor": True}}, samples=MACS, nth=lambda n: f"001A.2B3C.{n:04X}"),
        Case(
            "mac", "other", {"native_type": "macaddr8"}, nth=lambda n: f"00:1a:2b:ff:fe:3c:{n // 256:02x}:{n % 256:02x}"
        ),
    ],
    "hostname": [Case("hostname", samples=HOSTS), Case({"hostname": {"keep": ["acme"]}}, samples=HOSTS)],
    "url": [
        Case("url", samples=URLS, nth=lambda n: f"https://acme.com/users/{n}/?id={n * 7}"),
        Case({"url": {"path": "keep", "query": "drop"}}, samples=URLS),
    ],
    "file_path": [Case("file_path", samples=PATHS, nth=lambda n: f"/home/ada/{n}.pdf")],
}
