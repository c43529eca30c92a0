"""Addresses of machines, hosts and files: what agrees before agrees after."""

import re
from ipaddress import ip_address, ip_network

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY, batch, column, mask_array, masked, people, restored
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.transforms import parse_rule
from understudy.transforms.catalogue.internet import GENERIC

few = settings(max_examples=30, deadline=None)
v4 = st.ip_addresses(v=4).map(str)
v6 = st.ip_addresses(v=6).map(lambda address: address.compressed)


def leading(one, other):
    """How many leading bits two addresses share."""
    width = ip_address(one).max_prefixlen
    return width - (int(ip_address(one)) ^ int(ip_address(other))).bit_length()


class TestIp:
    @few
    @given(st.lists(v4, min_size=2, max_size=20))
    def test_what_is_in_one_network_stays_in_one_network(self, some):
        found = masked("ip", some)
        assert [leading(found[0], other) for other in found] == [leading(some[0], other) for other in some]

    @few
    @given(st.lists(v6, min_size=2, max_size=20))
    def test_so_it_is_with_ipv6(self, some):
        found = masked("ip", some)
        assert [leading(found[0], other) for other in found] == [leading(some[0], other) for other in some]

    @pytest.mark.parametrize(
        "network",
        "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 198.18.0.0/15 fc00::/7 fe80::/10".split(),
    )
    def test_private_addresses_stay_in_their_range_and_change(self, network):
        block = ip_network(network)
        some = [str(block[place]) for place in (1, 2, 77, 200)]
        found = masked("ip", some)
        assert all(ip_address(one) in block for one in found)
        assert not set(found) & set(some)

    def test_no_public_address_becomes_private(self):
        some = [f"{first}.{second}.3.4" for first in range(1, 224) for second in range(0, 256, 5)]
        public = [one for one in some if ip_address(one).is_global]
        assert all(ip_address(one).is_global for one in masked("ip", public))

    def test_what_is_nobodys_stays(self):
        kept = ["127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.251", "::", "::1", "ff02::1"]
        assert masked("ip", kept) == kept

    def test_private_addresses_can_be_kept(self):
        private, public = masked({"ip": {"private": "keep"}}, ["192.168.1.7", "8.8.8.8"])
        assert private == "192.168.1.7" and public != "8.8.8.8"

    def test_leading_bits_can_be_kept(self):
        first, second = masked({"ip": {"keep_prefix": 16, "keep_prefix6": 32}}, ["81.2.69.142", "2a00:1450:4001::e"])
        assert first.startswith("81.2.") and second.startswith("2a00:1450:")

    def test_networks_become_networks_and_their_hosts_hosts(self):
        hosts = [f"81.2.69.{host}/24" for host in range(1, 256)]
        network, *found = masked("ip", ["81.2.69.0/24", *hosts])
        assert network.endswith(".0/24") and len({network, *found}) == 256
        assert {one.rpartition(".")[0] for one in found} == {network.rpartition(".")[0]}
        assert masked("ip", ["2a00:1450::/32"])[0].endswith("::/32")

    def test_what_stands_around_an_address_stays(self):
        plain, port, mask, zone, inner = masked(
            "ip", ["8.8.8.8", "8.8.8.8:53", "8.8.8.8/32", "fe80::1%eth0", "::ffff:8.8.8.8"]
        )
        assert (port, mask, inner) == (f"{plain}:53", f"{plain}/32", f"::ffff:{plain}")
        assert re.fullmatch(r"fe[89ab][0-9a-f:]+%eth0", zone)

    def test_both_spellings_of_an_address_within_an_address_agree(self):
        dotted, plain = masked("ip", ["::ffff:8.8.8.8", "::ffff:808:808"])
        assert int(ip_address(dotted)) == int(ip_address(plain))

    def test_an_address_keeps_the_way_it_is_written(self):
        lower, upper, full = masked("ip", ["2a00:1450::e", "2A00:1450::E", "2a00:1450:0000:0000:0000:0000:0000:000e"])
        assert upper == lower.upper() and ip_address(full) == ip_address(lower) and len(full) == 39

    def test_numbers_are_addresses_too(self):
        text = masked("ip", ["81.2.69.142"])[0]
        number = int(ip_address("81.2.69.142"))
        assert masked("ip", [number], "integer", arrow_type=pa.int64()) == [int(ip_address(text))]
        signed = number if number < 2**31 else number - 2**32
        assert masked("ip", [signed], "integer")[0] % 2**32 == int(ip_address(text))

    def test_what_is_no_address_becomes_nothing_like_one(self):
        found = masked("ip", ["unknown", "300.1.2.3", "1.2.3", "12345:abc"])
        assert not set(found) & {"unknown", "300.1.2.3", "1.2.3", "12345:abc"}
        for one in found:
            with pytest.raises(ValueError, match="does not appear"):
                ip_address(one)

    def test_an_address_that_outgrows_its_column_stops_the_run_without_being_named(self):
        assert len(masked("ip", ["1.1.1.1"], max_length=15)[0]) <= 15
        with pytest.raises(Error, match=r"1 stand-ins are too long for people\.v, which holds 20") as error:
            masked("ip", ["2a00::1"], max_length=20)
        assert "2a00" not in str(error.value)
        with pytest.raises(InputError, match="an IPv4 address has up to 15"):
            masked("ip", [], max_length=14)

    def test_other_types_of_a_database_are_refused(self):
        with pytest.raises(InputError, match="point holds no IP addresses"):
            masked("ip", [], "other", native_type="point")
        with pytest.raises(InputError, match="too narrow"):
            masked("ip", [], "integer", arrow_type=pa.int16())

    @few
    @given(st.lists(v4 | v6 | st.text(max_size=9), max_size=12))
    def test_whoever_has_the_key_gets_them_back(self, some):
        assert restored({"ip": 8}, some) == some


class TestMac:
    def test_it_is_one_that_no_maker_gave_out(self):
        (found,) = masked("mac", ["00:1A:2B:3C:4D:5E"])
        assert re.fullmatch("[0-9A-F][26AE](:[0-9A-F]{2}){5}", found)

    def test_every_spelling_of_an_address_keeps_its_own_way(self):
        spellings = ["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e", "001A2B3C4D5E"]
        found = masked("mac", spellings)
        assert len({re.sub("[^0-9a-f]", "", one.lower()) for one in found}) == 1
        assert [re.sub("[0-9a-fA-F]", "", one) for one in found] == ["::::: "[:5], "-----", "..", ""]

    def test_the_maker_can_be_kept(self):
        found = masked(
            {"mac": {"keep_vendor": True}}, [f"00:1a:2b:00:{n // 256:02x}:{n % 256:02x}" for n in range(999)]
        )
        assert {one[:8] for one in found} == {"00:1a:2b"} and len(set(found)) == 999

    def test_eui_64_has_eight_octets(self):
        assert re.fullmatch("[0-9a-f]{2}(:[0-9a-f]{2}){7}", masked("mac", ["00:1a:2b:ff:fe:3c:4d:5e"])[0])

    def test_groups_stay_groups_and_nobody_stays_nobody(self):
        multicast, everybody, nobody = masked("mac", ["01:00:5e:00:00:fb", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])
        assert int(multicast[:2], 16) & 1 and everybody == "ff:ff:ff:ff:ff:ff" and nobody == "00:00:00:00:00:00"

    def test_what_is_no_hardware_address_is_scrambled(self):
        assert re.fullmatch("[a-z]{3}[0-9]", masked("mac", ["eth0"])[0])

    @few
    @given(st.lists(st.from_regex(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", fullmatch=True) | st.text(max_size=9), max_size=12))
    def test_whoever_has_the_key_gets_them_back(self, some):
        assert restored("mac", some) == some and restored({"mac": {"keep_vendor": True}}, some) == some


labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=4).map(".".join)


class TestHostname:
    def test_a_label_has_one_stand_in_wherever_it_stands(self):
        short, mail, long, upper = masked("hostname", ["acme.com", "mail.acme.co.uk", "a.b.acme.org", "ACME.com"])
        label = short.split(".")[0]
        assert label != "acme" and short == f"{label}.com" and mail == f"mail.{label}.co.uk"
        assert long.endswith(f".{label}.org") and upper == f"{label.upper()}.com"

    def test_names_of_services_and_top_level_domains_stay(self):
        generic = ["localhost", "www", "api.com", "www.co.uk", "mail.de."]
        assert masked("hostname", generic) == generic

    def test_what_is_no_top_level_domain_may_be_a_name(self):
        assert not masked("hostname", ["ada.lovelace"])[0].endswith("lovelace")

    def test_names_can_be_kept_and_no_other_becomes_one_of_them(self):
        every = [a + b for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz"]
        found = masked({"hostname": {"keep": ["QX", "ab"]}}, every)
        assert sorted(found) == every and found[every.index("ab")] == "ab" and found[every.index("qx")] == "qx"
        stayed = {before for before, after in zip(every, found, strict=True) if before == after}
        assert stayed == {"ab", "qx"} | (GENERIC & set(every))

    def test_a_host_that_is_an_address_changes_as_addresses_do(self):
        assert masked("hostname", ["81.2.69.142", "2a00:1450::e"]) == masked("ip", ["81.2.69.142", "2a00:1450::e"])

    @few
    @given(st.lists(hosts, unique=True, max_size=20))
    def test_hosts_stay_different_and_come_back(self, some):
        assert len(set(masked("hostname", some))) == len(some)
        assert restored("hostname", some) == some


class TestUrl:
    def test_the_host_agrees_with_a_column_of_hosts(self):
        host = masked("hostname", ["www.acme.co.uk"])[0]
        plain, full = masked("url", ["https://www.acme.co.uk", "ftp://www.acme.co.uk:21/x?y=z"])
        assert plain == f"https://{host}" and full.startswith(f"ftp://{host}:21/")

    def test_names_in_path_and_query_change_and_the_form_of_both_stays(self):
        (found,) = masked("url", ["https://acme.com/users/ada-7/photo.jpg?name=Ada%20L&empty=&flag#top"])
        assert re.fullmatch(r"https://\w{4}\.com/\w{5}/\w{3}-\d/\w{5}\.jpg\?name=\w{3}%20\w&empty=&\w{4}#\w{3}", found)
        assert "users" not in found and "ada" not in found.lower()

    def test_a_url_is_read_alone_whatever_stands_in_the_next_row(self):
        for texts in (["000", "://"], ["mail", "to:ada"], ["/", "/ada"]):
            assert masked("url", texts) == masked("url", texts[::-1])[::-1]

    def test_who_logs_in_changes_too(self):
        (found,) = masked("url", ["http://ada:secret@acme.com/"])
        assert re.fullmatch(r"http://\w{3}:\w{6}@\w{4}\.com/", found) and "ada" not in found and "secret" not in found

    def test_path_and_query_can_be_kept_or_dropped(self):
        url = "https://acme.com/a/b.html?x=1#top"
        assert masked({"url": {"path": "keep", "query": "keep"}}, [url])[0].endswith(".com/a/b.html?x=1#top")
        assert masked({"url": {"path": "keep", "query": "drop"}}, [url])[0].endswith(".com/a/b.html")
        assert masked({"url": {"path": "drop", "query": "keep"}}, [url])[0].endswith(".com?x=1#top")

    def test_a_host_may_be_an_address(self):
        first, second = masked("ip", ["81.2.69.142", "2a00:1450::e"])
        assert masked("url", ["http://81.2.69.142:80/", "http://[2a00:1450::e]/"]) == [
            f"http://{first}:80/",
            f"http://[{second}]/",
        ]

    def test_without_a_scheme_it_starts_with_the_host_or_the_path(self):
        host = masked("hostname", ["acme.com"])[0]
        bare, relative, mail = masked("url", ["acme.com/x", "/acme.com", "mailto:ada@acme.com"])
        assert bare.startswith(f"{host}/") and relative.startswith("/") and mail.endswith(f"@{host}")

    def test_a_scheme_that_nobody_knows_may_be_a_name(self):
        (found,) = masked("url", ["lovelace://acme.com"])
        assert re.fullmatch(r"[a-z]{8}://[a-z]{4}\.com", found) and not found.startswith("lovelace")

    def test_what_was_dropped_does_not_come_back(self):
        with pytest.raises(InputError, match="dropped is gone"):
            restored({"url": {"query": "drop"}}, ["https://acme.com/?x"])

    @few
    @given(st.lists(st.text(alphabet="ab1./:?#@&=%[] é-", max_size=25), unique=True, max_size=15))
    def test_any_texts_stay_different_and_come_back(self, some):
        assert len(set(masked("url", some))) == len(some)
        assert restored("url", some) == some


class TestFilePath:
    def test_depth_extensions_and_usual_folders_stay(self):
        unix, windows = masked("file_path", ["/home/ada/taxes 2020.tar.gz", "C:\\Users\\ada\\Desktop\\cv.docx"])
        assert re.fullmatch(r"/home/\w{3}/\w{5} \d{4}\.tar\.gz", unix)
        assert re.fullmatch(r"C:\\Users\\\w{3}\\Desktop\\\w\w\.docx", windows)
        assert unix.split("/")[2] == windows.split("\\")[2] != "ada"

    def test_an_extension_that_nobody_knows_may_be_a_name(self):
        assert not masked("file_path", ["ada.lovelace"])[0].endswith("lovelace")

    @few
    @given(st.lists(st.text(alphabet="abé1./\\ -", max_size=20), unique=True, max_size=15))
    def test_paths_stay_different_and_come_back(self, some):
        assert len(set(masked("file_path", some))) == len(some)
        assert restored("file_path", some) == some


def test_tables_that_share_a_key_agree_without_being_told():
    left, right = people(column("host")), people(column("link"))
    rows = transforms.compile(left, {"host": parse_rule("hostname")}, key=KEY, domains={})(
        batch(left, host=["acme.com"])
    )
    links = transforms.compile(right, {"link": parse_rule("url")}, key=KEY, domains={})(
        batch(right, link=["http://acme.com"])
    )
    assert links["link"][0].as_py() == "http://" + rows["host"][0].as_py()


def test_a_type_of_the_database_keeps_its_arrow_type():
    assert mask_array("mac", ["08:00:2b:01:02:03"], "other", native_type="macaddr").type == pa.string()
