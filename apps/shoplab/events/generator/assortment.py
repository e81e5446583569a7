"""The made-up shop's shelves: categories of the usual REES46 kind with share of views, price level and brands."""

from typing import NamedTuple


class Shelf(NamedTuple):
    """One category. `code` is "" for the many that the shop never named; `name` then only serves as a key here."""

    name: str
    code: str
    share: float  # of views, in percent
    price: float  # median price
    spread: float  # standard deviation of log price
    unbranded: float  # share of views without brand
    brands: tuple[str, ...]  # best known first


# name, % of views, median price, log spread, % unbranded, brands; a name that starts with "-" has no category_code.
_SHELVES = """
electronics.smartphone|27.2|270|.80|0|samsung apple xiaomi huawei oppo vivo meizu nokia honor
electronics.clocks|3.2|165|1.0|16|casio apple samsung xiaomi garmin tissot
computers.notebook|3.3|560|.60|0|acer lenovo hp asus apple dell msi
electronics.audio.headphone|2.7|70|.95|1|apple xiaomi jbl samsung sony huawei elari
electronics.video.tv|2.6|400|.65|0|samsung artel lg sony haier tcl
appliances.kitchen.refrigerators|2.0|320|.60|16|indesit lg beko atlant haier samsung
appliances.kitchen.washer|2.0|320|.50|1|samsung lg indesit beko artel haier
appliances.environment.vacuum|1.7|110|.80|8|samsung karcher xiaomi vitek bosch dauscher
appliances.environment.air_heater|.8|35|.55|10|oasis elenberg electrolux ballu
appliances.environment.water_heater|.5|100|.50|12|ariston thermex artel haier
appliances.environment.air_conditioner|.4|200|.50|4|elenberg tcl almacom midea
appliances.kitchen.microwave|.6|85|.60|3|samsung elenberg lg gorenje
appliances.kitchen.meat_grinder|.6|72|.55|15|bosch redmond moulinex dauscher
appliances.kitchen.blender|.5|54|.52|1|redmond polaris braun vitek bosch
appliances.kitchen.oven|.5|60|.75|2|artel elenberg bosch hansa
appliances.kitchen.kettle|.4|36|.70|2|tefal maxwell polaris xiaomi
appliances.kitchen.mixer|.3|34|.80|2|polaris scarlett bosch kitfort
appliances.kitchen.hood|.3|70|.55|6|artel turbo midea bosch
appliances.kitchen.hob|.3|230|.60|2|bosch hansa beko gefest
appliances.kitchen.dishwasher|.3|380|.35|1|bosch beko indesit midea
appliances.kitchen.coffee_machine|.2|190|.90|2|delonghi philips gorenje redmond
appliances.kitchen.grill|.2|110|.50|2|redmond tefal delonghi
appliances.iron|.6|28|.65|2|tefal redmond scarlett philips
appliances.sewing_machine|.4|230|.80|2|janome bernina jaguar brother
appliances.personal.hair_cutter|.2|22|.60|2|philips vitek moser
appliances.personal.scales|.2|18|.55|3|xiaomi redmond galaxy
auto.accessories.player|1.1|72|.60|28|pioneer jvc kenwood swat sony
auto.accessories.alarm|.7|120|.42|2|starline tomahawk pandora
auto.accessories.videoregister|.5|140|.65|24|ibox neoline xiaomi
auto.accessories.compressor|.2|90|.50|35|berkut ryobi denzel
apparel.shoes|1.5|88|.45|14|respect salamander rieker baden
apparel.shoes.keds|1.1|72|.40|15|adidas nike puma asics strobbs
apparel.shoes.sandals|.3|35|.40|6|rieker respect suave
apparel.costume|.2|130|.60|90|sevenext brugi
apparel.underwear|.2|22|.40|20|milavitsa sly
apparel.tshirt|.2|40|.40|45|puma adidas nike
apparel.trousers|.2|40|.40|45|sly puma brugi
electronics.telephone|.9|26|.60|1|nokia texet bq inoi philips
electronics.tablet|.7|330|.90|0|apple samsung huawei prestigio
electronics.audio.subwoofer|.5|100|.65|26|pride pioneer alpine hertz
electronics.audio.acoustic|.2|150|.75|4|yamaha fender bose
electronics.video.projector|.1|400|.80|3|epson viewsonic optoma
electronics.camera.photo|.2|620|.60|1|canon nikon sony
electronics.camera.video|.1|230|.45|2|gopro xiaomi panasonic
furniture.living_room.cabinet|.9|280|.42|52|sv brw bts
furniture.living_room.sofa|.8|520|.36|88|rals imperial
furniture.bedroom.bed|.6|155|.68|42|sv brw polini
furniture.bedroom.pillow|.1|16|.65|40|askona vegas
furniture.kitchen.table|.3|115|.75|48|bts sv domini
furniture.kitchen.chair|.3|57|.65|34|zeta lorelli barneo
furniture.living_room.chair|.2|200|.65|40|lorelli joie
furniture.bathroom.bath|.2|320|.60|14|triton cersanit
furniture.bathroom.toilet|.1|73|.30|4|cersanit santeri
computers.desktop|.9|580|.75|3|pulser acer hp lenovo
computers.components.videocards|.4|310|.75|1|palit asus gigabyte msi
computers.components.cpu|.2|240|.75|0|intel amd
computers.components.motherboard|.2|150|.60|0|asus asrock gigabyte
computers.components.memory|.2|50|.65|15|hyperx kingston crucial
computers.components.hdd|.3|45|.50|2|kingston transcend crucial
computers.peripherals.monitor|.4|140|.70|1|samsung lg acer dell aoc
computers.peripherals.printer|.3|136|.50|3|epson hp canon
computers.peripherals.mouse|.2|21|.90|14|logitech hp defender
computers.peripherals.keyboard|.2|46|.70|12|redragon logitech defender
computers.ebooks|.1|128|.35|1|pocketbook onyx
construction.tools.drill|.5|82|.70|20|bosch makita dewalt crown
construction.tools.saw|.4|113|.80|16|stihl makita bosch huter
construction.tools.welding|.3|200|.70|22|magnetta denzel fubag
construction.tools.pump|.2|64|.60|50|leo magnetta pedrollo
construction.tools.light|.3|8|.65|62|eco lezard ansmann
construction.tools.generator|.1|95|.90|5|huter denzel
construction.components.faucet|.1|40|.50|10|rossinka decoroom
kids.carriage|.5|118|.75|12|chicco lorelli belecoo anex
kids.toys|.4|24|.80|25|disney silverlit gulliver
kids.skates|.2|350|.65|8|kugoo xiaomi segway
kids.dolls|.1|27|.90|42|mattel llorens
kids.fmcg.diapers|.2|13|.60|9|pampers huggies merries
accessories.bag|.6|64|.80|13|karya baden rivacase
accessories.wallet|.2|39|.40|5|karya petek
accessories.umbrella|.1|25|.40|20|xiaomi doppler
sport.bicycle|.5|260|.85|3|giant stels torrent
sport.trainer|.1|440|.55|4|housefit torneo
sport.ski|.1|330|.55|6|elan rossignol
medicine.tools.tonometer|.2|51|.45|20|omron microlife
stationery.cartrige|.2|12|.45|3|hp canon
country_yard.cultivator|.1|130|.80|4|huter viking
country_yard.lawn_mower|.1|190|.70|4|stihl huter
-tyres|4.3|52|.55|2|cordiant triangle nokian yokohama
-rings|1.8|240|.80|3|lucente sokolov diamant
-dishwashing|1.5|250|.70|22|dauscher artel bosch
-bicycle_parts|1.4|86|.80|30|stels force wera
-earrings|1.2|185|.80|5|sokolov lucente vega
-perfume|1.6|75|.70|1|montale lanvin versace
-wardrobes|1.2|420|.50|55|lider sv bts
-wheels|1.1|270|.50|4|skad kipardo trebl
-phone_cases|1.6|22|.70|30|xiaomi samsung nillkin honor
-beauty|1.2|36|.70|12|vitek philips rowenta
-carpets|1.0|99|.70|30|balta confetti
-batteries|.9|55|.50|5|bars genesis mutlu
-tableware|1.3|60|.90|45|luminarc ikea
-consoles|1.3|320|.50|2|sony microsoft sega
-humidifiers|.8|48|.60|6|polaris xiaomi timberk
-textile|1.5|30|.70|62|cantra karya
-garden|1.2|70|.90|70|karcher huter
-pools|.6|190|.80|18|intex bestway
-books|1.0|12|.60|80|eksmo ast
-decor|1.5|45|.90|85|umbra ikea
-food|.8|9|.70|30|lavazza nestle
-pet|.7|16|.70|35|purina trixie
-cosmetics|1.4|18|.70|10|loreal shiseido maybelline
-watches_luxury|.5|640|.80|10|longines tissot rado
"""
COMPLEMENTS: dict[str, tuple[str, ...]] = {
    "electronics.smartphone": ("electronics.audio.headphone", "-phone_cases"),
    "electronics.audio.headphone": ("electronics.smartphone", "electronics.clocks"),
    "electronics.clocks": ("electronics.audio.headphone", "electronics.smartphone"),
    "electronics.tablet": ("-phone_cases", "electronics.audio.headphone"),
    "computers.notebook": ("computers.peripherals.mouse", "computers.peripherals.printer"),
    "computers.desktop": ("computers.peripherals.monitor", "computers.peripherals.keyboard"),
    "computers.components.videocards": ("computers.components.cpu", "computers.components.motherboard"),
    "computers.components.cpu": ("computers.components.motherboard", "computers.components.memory"),
    "computers.peripherals.printer": ("stationery.cartrige", "computers.notebook"),
    "electronics.video.tv": ("-consoles", "electronics.audio.acoustic"),
    "electronics.camera.photo": ("accessories.bag", "electronics.camera.video"),
    "appliances.kitchen.refrigerators": ("appliances.kitchen.washer", "appliances.kitchen.oven"),
    "appliances.kitchen.washer": ("appliances.kitchen.refrigerators", "appliances.iron"),
    "appliances.kitchen.oven": ("appliances.kitchen.hob", "appliances.kitchen.hood"),
    "appliances.kitchen.hob": ("appliances.kitchen.hood", "appliances.kitchen.oven"),
    "appliances.kitchen.blender": ("appliances.kitchen.mixer", "appliances.kitchen.kettle"),
    "auto.accessories.player": ("electronics.audio.subwoofer", "auto.accessories.videoregister"),
    "auto.accessories.alarm": ("auto.accessories.videoregister", "auto.accessories.player"),
    "-tyres": ("-wheels", "-batteries"),
    "-wheels": ("-tyres", "auto.accessories.compressor"),
    "furniture.living_room.sofa": ("furniture.living_room.cabinet", "-carpets"),
    "furniture.bedroom.bed": ("furniture.bedroom.pillow", "-wardrobes"),
    "furniture.kitchen.table": ("furniture.kitchen.chair", "-tableware"),
    "construction.tools.drill": ("construction.tools.saw", "construction.tools.light"),
    "kids.carriage": ("kids.fmcg.diapers", "kids.toys"),
    "apparel.shoes": ("apparel.shoes.keds", "accessories.bag"),
    "apparel.shoes.keds": ("apparel.trousers", "apparel.tshirt"),
    "accessories.bag": ("accessories.wallet", "accessories.umbrella"),
    "-rings": ("-earrings", "-watches_luxury"),
    "-earrings": ("-rings", "-perfume"),
    "-perfume": ("-cosmetics", "-beauty"),
    "sport.bicycle": ("-bicycle_parts", "sport.trainer"),
}
# Shares of draws. Tastes shift them to October's shares of rows: 31.84 % without category_code, 14.40 % without brand.
UNNAMED = 0.2990
UNBRANDED = 0.1260


def shelves() -> tuple[Shelf, ...]:
    """All categories, with shares brought to sum 1 and to the shares of unnamed categories and unbranded views."""
    rows = [_parse(line) for line in _SHELVES.strip().splitlines()]
    unnamed = sum(row.share for row in rows if not row.code)
    named = sum(row.share for row in rows if row.code)
    scaled = [
        row._replace(share=row.share * ((1 - UNNAMED) / named if row.code else UNNAMED / unnamed)) for row in rows
    ]
    fit = UNBRANDED / sum(row.share * row.unbranded for row in scaled)
    return tuple(row._replace(unbranded=min(row.unbranded * fit, 0.95)) for row in scaled)


def _parse(line: str) -> Shelf:
    name, share, price, spread, unbranded, brands = line.split("|")
    code = "" if name.startswith("-") else name
    return Shelf(name, code, float(share), float(price), float(spread), float(unbranded) / 100, tuple(brands.split()))
