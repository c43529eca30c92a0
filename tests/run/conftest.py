import pytest

from support.shop import SHOP, Shop


@pytest.fixture
def shop(database, tmp_path):
    source, destination = database(), database()
    made = Shop(tmp_path, source, destination)
    made.execute(SHOP, source=True)
    return made
