"""The shop's window: what is clicked goes to the API, and list, reasons and segment follow at once."""

import re

from playwright.sync_api import Page, expect

from tests.serving.page.goods import CATALOGUE, HOSTILE


def products(page: Page) -> list[str]:
    return [str(item.get_attribute("data-key")) for item in page.locator("#list .item").all()]


def open_shop(page: Page, address: str = "/#try") -> None:
    page.goto(address)
    expect(page.locator("#list .item")).to_have_count(10)


def test_a_click_changes_the_list_and_says_how(page: Page) -> None:
    open_shop(page)
    before = products(page)
    page.locator("#list .item").nth(6).get_by_role("button").click()
    expect(page.locator("#changes")).to_have_text(re.compile(r"Viewed: .+ List: .*(new|moved)"))
    assert products(page) != before
    assert page.locator("#list .item .mark").count() > 0
    expect(page.locator("#list .why.changed").first).to_be_visible()
    expect(page.locator("#shopper .recent li")).to_have_count(1)


def test_buying_moves_a_visitor_to_another_segment(stub_page: Page) -> None:
    open_shop(stub_page)
    expect(stub_page.locator("#shopper dl")).to_contain_text("none yet")
    stub_page.locator("#list .item").first.get_by_role("button").click()
    expect(stub_page.locator("#changes")).to_contain_text("Segment: window shopper (was: none yet)")
    stub_page.get_by_role("button", name="Add to cart").click()
    expect(stub_page.locator("#changes")).to_contain_text("Added to the cart")
    stub_page.get_by_role("button", name="Buy").click()
    expect(stub_page.locator("#changes")).to_contain_text("Segment: loyal (was: window shopper)")
    expect(stub_page.locator("#shopper .type")).to_have_text(["purchase", "cart", "view"])
    expect(stub_page.locator("#shopper .log li")).to_have_count(3)


def test_an_open_product_has_name_price_and_what_is_similar(page: Page) -> None:
    open_shop(page)
    first = page.locator("#list .item").first
    name, price = str(first.locator(".open").text_content()), first.locator(".price").inner_text()
    first.get_by_role("button").click()
    expect(page.locator("#product-title")).to_have_text(name)
    expect(page.locator("#product .facts-line")).to_contain_text(price.split()[-1])
    expect(page.locator("#product .item")).to_have_count(6)
    page.locator("#product .item").first.get_by_role("button").click()
    expect(page.locator("#product-title")).not_to_have_text(name)


def test_a_known_user_is_picked_or_typed(page: Page) -> None:
    open_shop(page)
    page.locator("#list .item").first.get_by_role("button").click()
    expect(page.locator("#changes")).to_contain_text("Viewed")
    expect(page.locator("#sample option")).not_to_have_count(1)
    user = str(page.locator("#sample option").nth(1).get_attribute("value"))
    page.locator("#sample").select_option(user)
    expect(page.locator("#shopper dl")).to_contain_text(user)
    expect(page.locator("#product-title")).to_have_text("Product")  # what another shopper looked at is no context
    expect(page).to_have_url(re.compile(f"#try/{user}$"))
    page.get_by_label("or any user id").fill("a/b é")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#shopper dl")).to_contain_text("a/b é")
    page.reload()
    expect(page.locator("#shopper dl")).to_contain_text("a/b é")


def test_what_others_do_shows_within_five_seconds_and_leaves_the_focus(page: Page) -> None:
    page.clock.install()
    open_shop(page, "/#try/524500218")
    expect(page.locator("#sample option")).not_to_have_count(1)  # the last that a new shopper asks for
    focused = page.locator("#list .open").nth(3)
    focused.focus()
    name = str(focused.text_content())
    sold = products(page)[8]
    page.evaluate(
        """product_id => fetch('/events', {method: 'POST', body: JSON.stringify({product_id, event_type: 'cart',
           user_id: '524500218', user_session: 'elsewhere'}), headers: {'content-type': 'application/json'}})""",
        sold,
    )
    page.clock.fast_forward(5000)
    expect(page.locator("#changes")).to_have_text(re.compile("^Meanwhile: .*List: .*moved"))
    expect(page.locator(":focus")).to_have_text(name)


def test_products_met_before_can_be_left_out(page: Page) -> None:
    open_shop(page)
    met = products(page)[0]
    page.locator("#list .item").first.get_by_role("button").click()
    expect(page.locator("#changes")).to_contain_text("Viewed")
    page.get_by_label("only products not met before").check()
    expect(page.locator(f"#list [data-key='{met}']")).to_have_count(0)


def test_what_comes_from_data_is_text(stub_page: Page) -> None:
    open_shop(stub_page)
    stub_page.get_by_label("Product id").fill(HOSTILE)
    stub_page.get_by_role("button", name="Open").click()
    expect(stub_page.locator("#product-title")).to_have_text(
        f"<i>evil</i> {CATALOGUE[HOSTILE]['category_code']} {HOSTILE}"
    )
    expect(stub_page.locator("#changes")).to_contain_text("Viewed")
    expect(stub_page.locator("#try img, #try u")).to_have_count(0)
