-- Every table of `./lab analyse`, by DuckDB: what each is, is said in behaviour/. $band: CASE for a price's band.

-- table: products
WITH looks AS (
  SELECT product_id, category_id, category_code, brand, price, max(event_time) AS last_seen, count(*) AS events,
         count(*) FILTER (event_type = 'view') AS views, count(*) FILTER (event_type = 'cart') AS carts,
         count(*) FILTER (event_type = 'remove_from_cart') AS removes,
         count(*) FILTER (event_type = 'purchase') AS purchases,
         coalesce(sum(price) FILTER (event_type = 'purchase'), 0) AS revenue
  FROM events GROUP BY ALL),
last AS (
  SELECT product_id, category_id, category_code, brand, price FROM looks
  QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY last_seen DESC, category_id DESC NULLS LAST,
    category_code DESC NULLS LAST, brand DESC NULLS LAST, price DESC NULLS LAST) = 1),
counted AS (
  SELECT product_id, sum(views)::BIGINT AS views, sum(carts)::BIGINT AS carts, sum(removes)::BIGINT AS removes,
         sum(purchases)::BIGINT AS purchases, sum(revenue) AS revenue
  FROM looks GROUP BY product_id),
medians AS (SELECT product_id, median(price) AS median_price FROM events GROUP BY product_id)
SELECT last.*, views, carts, removes, purchases, revenue, median_price,
       CASE WHEN price IS NOT NULL THEN CASE WHEN count(*) OVER same = 1 THEN 0.5
         ELSE percent_rank() OVER (PARTITION BY category_id, price IS NULL ORDER BY price) END END AS price_level
FROM last JOIN counted USING (product_id) JOIN medians USING (product_id)
WINDOW same AS (PARTITION BY category_id, price IS NULL);

-- table: sessions
SELECT user_session, user_id, min(event_time) AS session_start, max(event_time) AS session_end,
       (epoch(max(event_time)) - epoch(min(event_time)))::BIGINT AS duration_s, count(*) AS events,
       count(*) FILTER (event_type = 'view') AS views, count(*) FILTER (event_type = 'cart') AS carts,
       count(*) FILTER (event_type = 'remove_from_cart') AS removes,
       count(*) FILTER (event_type = 'purchase') AS purchases, count(DISTINCT product_id) AS products,
       coalesce(sum(price) FILTER (event_type = 'purchase'), 0) AS revenue,
       arg_min_null(split_part(category_code, '.', 1), event_time) AS entry_category,
       arg_max_null(split_part(category_code, '.', 1), event_time) AS exit_category,
       strftime(min(event_time), '%Y-%m') AS month
FROM events GROUP BY user_id, user_session;

-- table: users
WITH of_sessions AS (
  SELECT user_id, month, count(*) AS sessions, sum(events)::BIGINT AS events, sum(views)::BIGINT AS views,
         sum(carts)::BIGINT AS carts, sum(removes)::BIGINT AS removes, sum(purchases)::BIGINT AS purchases,
         count(*) FILTER (purchases > 0) AS orders, sum(revenue) AS revenue, avg(duration_s) AS mean_session_s,
         sum(events) / count(*) AS events_per_session, max(events) AS longest_session,
         CASE WHEN count(*) > 1 THEN (epoch(max(session_start)) - epoch(min(session_start))) / 3600 / (count(*) - 1)
           END AS mean_gap_h,
         count(*) FILTER (carts > 0) / count(*) AS cart_rate, count(*) FILTER (purchases > 0) / count(*) AS order_rate,
         coalesce(count(*) FILTER (carts > 0 AND purchases = 0) / nullif(count(*) FILTER (carts > 0), 0), 0)
           AS abandon_rate
  FROM sessions GROUP BY user_id, month),
met AS (
  SELECT user_id, strftime(event_time, '%Y-%m') AS month, event_time, event_type, events.price, events.brand,
         split_part(events.category_code, '.', 1) AS category, product_id, date, price_level
  FROM events JOIN products USING (product_id)),
of_events AS (
  SELECT user_id, month, count(DISTINCT product_id) AS products, count(DISTINCT category) AS categories,
         count(DISTINCT brand) AS brands, count(DISTINCT date) AS active_days, min(event_time) AS first_seen,
         max(event_time) AS last_seen, max(event_time) FILTER (event_type = 'purchase') AS last_purchase,
         avg(price) AS mean_price, avg(price_level) AS price_level
  FROM met GROUP BY user_id, month),
tops AS (
  SELECT user_id, month, max(value) FILTER (kind = 'category') AS top_category,
         max(value) FILTER (kind = 'brand') AS top_brand
  FROM (
    SELECT user_id, month, kind, value FROM (
      SELECT user_id, month, 'category' AS kind, category AS value, count(*) AS times FROM met
      WHERE category IS NOT NULL GROUP BY ALL
      UNION ALL
      SELECT user_id, month, 'brand', brand, count(*) FROM met WHERE brand IS NOT NULL GROUP BY ALL)
    QUALIFY row_number() OVER (PARTITION BY user_id, month, kind ORDER BY times DESC, value) = 1)
  GROUP BY user_id, month)
SELECT user_id, coalesce(sessions, 0) AS sessions, coalesce(events, 0) AS events, coalesce(views, 0) AS views,
       coalesce(carts, 0) AS carts, coalesce(removes, 0) AS removes, coalesce(purchases, 0) AS purchases,
       coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue, products, categories, brands, active_days,
       first_seen, last_seen, last_purchase, coalesce(mean_session_s, 0) AS mean_session_s,
       coalesce(events_per_session, 0) AS events_per_session, coalesce(longest_session, 0) AS longest_session,
       mean_gap_h, coalesce(cart_rate, 0) AS cart_rate, coalesce(order_rate, 0) AS order_rate,
       coalesce(abandon_rate, 0) AS abandon_rate, mean_price, price_level, top_category, top_brand, month
FROM of_sessions FULL JOIN of_events USING (user_id, month) LEFT JOIN tops USING (user_id, month);

-- table: touches
SELECT user_id, user_session, product_id, p.category_code, p.brand, p.price AS list_price, price_level,
       date_trunc('hour', event_time) AS hour, count(*) AS events,
       count(*) FILTER (event_type = 'view') AS views, count(*) FILTER (event_type = 'cart') AS carts,
       count(*) FILTER (event_type = 'purchase') AS purchases,
       count(*) FILTER (event_type = 'purchase' AND e.price IS NOT NULL AND median_price > 0) AS priced_purchases,
       count(*) FILTER (event_type = 'purchase' AND median_price > 0 AND e.price <= 0.95 * median_price) AS discounted,
       coalesce(sum(e.price) FILTER (event_type = 'purchase'), 0) AS revenue
FROM events e JOIN products p USING (product_id) GROUP BY ALL;

-- table: bought
WITH by_hour AS (
  SELECT user_id, user_session, product_id, s.month, date_trunc('hour', event_time) AS hour,
         min(event_time) FILTER (event_type = 'view') AS first_view,
         max(event_time) FILTER (event_type = 'purchase') AS last_purchase,
         list(event_time) FILTER (event_type = 'cart') AS carted_at,
         list(event_time) FILTER (event_type = 'purchase') AS bought_at
  FROM events JOIN (SELECT user_id, user_session, month FROM sessions WHERE purchases > 0) s
    USING (user_id, user_session)
  GROUP BY ALL),
judged AS (
  SELECT *, CASE WHEN len(list_filter(carted_at, lambda moment: moment BETWEEN first_view AND last_purchase)) > 0
    THEN hour(hour) END AS strict_hour FROM by_hour),
whole AS (
  SELECT user_id, user_session, product_id, month, min(first_view) AS first_view, max(last_purchase) AS last_purchase,
         flatten(list(coalesce(carted_at, []))) AS carted_at, flatten(list(coalesce(bought_at, []))) AS bought_at,
         list(DISTINCT strict_hour) FILTER (strict_hour IS NOT NULL) AS strict_hours
  FROM judged GROUP BY ALL)
SELECT user_id, user_session, product_id, whole.month, strict_hours,
       coalesce(len(list_filter(carted_at, lambda moment: moment BETWEEN first_view AND last_purchase)) > 0, false) AS strict_order,
       (epoch(list_min(list_filter(bought_at, lambda moment: moment >= first_view))) - epoch(first_view))::BIGINT AS wait_s,
       category_code, brand, price AS list_price
FROM whole JOIN products USING (product_id) WHERE last_purchase IS NOT NULL;

-- table: habits
WITH days AS (
  SELECT month, date_diff('day', min(session_start), max(session_start)) + 1 AS days FROM sessions GROUP BY month),
gaps AS (
  SELECT *, (epoch(session_start) - epoch(lag(session_start) OVER w)) / 3600 AS gap_h, hour(session_start) AS hour,
         isodow(session_start) - 1 AS weekday
  FROM sessions WINDOW w AS (PARTITION BY user_id, month ORDER BY session_start, user_session)),
visits AS (
  SELECT user_id, month, count(*) * 7 / any_value(days) AS visits_per_week, median(gap_h) AS median_gap_h,
         count(*) FILTER (weekday >= 5) / count(*) AS weekend_share, count(*) FILTER (hour < 6) / count(*) AS night_share,
         count(*) FILTER (views > 0 AND carts > 0 AND purchases > 0) AS any_order
  FROM gaps JOIN days USING (month) GROUP BY user_id, month),
tops AS (
  SELECT user_id, month, max(value) FILTER (kind = 'hour') AS top_hour,
         max(value) FILTER (kind = 'weekday') AS top_weekday
  FROM (
    SELECT user_id, month, kind, value FROM (
      SELECT user_id, month, 'hour' AS kind, hour AS value, count(*) AS times FROM gaps GROUP BY ALL
      UNION ALL SELECT user_id, month, 'weekday', weekday, count(*) FROM gaps GROUP BY ALL)
    QUALIFY row_number() OVER (PARTITION BY user_id, month, kind ORDER BY times DESC, value) = 1)
  GROUP BY user_id, month),
purchases AS (
  SELECT user_id, month, count(DISTINCT user_session) FILTER (strict_order) AS strict_order,
         avg(wait_s) AS time_to_purchase_s
  FROM bought GROUP BY user_id, month),
met AS (
  SELECT user_id, strftime(hour, '%Y-%m') AS month, split_part(category_code, '.', 1) AS category, brand, events, views,
         carts + purchases AS taken, price_level, discounted, priced_purchases
  FROM touches),
loyal AS (
  SELECT user_id, month, max(events) FILTER (kind = 'category') / sum(events) FILTER (kind = 'category')
           AS category_loyalty,
         max(events) FILTER (kind = 'brand') / sum(events) FILTER (kind = 'brand') AS brand_loyalty
  FROM (
    SELECT user_id, month, 'category' AS kind, category AS value, sum(events) AS events FROM met
    WHERE category IS NOT NULL GROUP BY ALL
    UNION ALL SELECT user_id, month, 'brand', brand, sum(events) FROM met WHERE brand IS NOT NULL GROUP BY ALL)
  GROUP BY user_id, month),
prices AS (
  SELECT user_id, month, sum(discounted) / nullif(sum(priced_purchases), 0) AS discount_share,
         sum(price_level * views) / nullif(sum(views) FILTER (price_level IS NOT NULL), 0)
           - sum(price_level * taken) / nullif(sum(taken) FILTER (price_level IS NOT NULL), 0) AS price_sensitivity
  FROM met GROUP BY user_id, month)
SELECT user_id, coalesce(visits_per_week, 0) AS visits_per_week, median_gap_h, weekend_share, night_share,
       top_hour, top_weekday, category_loyalty, brand_loyalty, coalesce(any_order, 0) AS any_order,
       coalesce(strict_order, 0) AS strict_order, time_to_purchase_s, discount_share, price_sensitivity, month
FROM visits FULL JOIN tops USING (user_id, month) FULL JOIN purchases USING (user_id, month)
  FULL JOIN loyal USING (user_id, month) FULL JOIN prices USING (user_id, month);

-- table: activity
SELECT date_trunc('hour', event_time) AS hour, count(*) AS events, count(*) FILTER (event_type = 'view') AS views,
       count(*) FILTER (event_type = 'cart') AS carts, count(*) FILTER (event_type = 'remove_from_cart') AS removes,
       count(*) FILTER (event_type = 'purchase') AS purchases, approx_count_distinct(user_id) AS users,
       coalesce(sum(price) FILTER (event_type = 'purchase'), 0) AS revenue
FROM events GROUP BY ALL;

-- table: categories
SELECT split_part(category_code, '.', 1) AS category, count(*) FILTER (event_type = 'view') AS views,
       count(*) FILTER (event_type = 'cart') AS carts, count(*) FILTER (event_type = 'remove_from_cart') AS removes,
       count(*) FILTER (event_type = 'purchase') AS purchases, approx_count_distinct(user_id) AS users,
       coalesce(sum(price) FILTER (event_type = 'purchase'), 0) AS revenue
FROM events GROUP BY ALL;

-- table: session_lengths
SELECT least(events, 50) AS length, count(*) AS sessions, count(*) FILTER (purchases > 0) AS with_purchase
FROM sessions GROUP BY ALL;

-- table: visits
SELECT month, least(sessions, 20) AS visits, count(*) AS users, count(*) FILTER (orders > 0) AS buyers
FROM users GROUP BY ALL;

-- table: cohorts
WITH weeks AS (SELECT DISTINCT user_id, date_trunc('week', session_start)::DATE AS week FROM sessions),
counted AS (
  SELECT cohort, week, count(*) AS active
  FROM (SELECT week, min(week) OVER (PARTITION BY user_id) AS cohort FROM weeks) GROUP BY ALL),
sizes AS (SELECT cohort, active AS users FROM counted WHERE week = cohort)
SELECT sizes.cohort, (date_diff('day', sizes.cohort, all_weeks.week) // 7)::INTEGER AS weeks_after, users,
       coalesce(active, 0) AS active, coalesce(active, 0) / users AS retention
FROM sizes JOIN (SELECT DISTINCT week FROM counted) all_weeks ON all_weeks.week >= sizes.cohort
  LEFT JOIN counted ON counted.cohort = sizes.cohort AND counted.week = all_weeks.week;

-- table: funnel
SELECT month, count(*) AS sessions, count(*) FILTER (views > 0) AS viewed, count(*) FILTER (carts > 0) AS carted,
       count(*) FILTER (purchases > 0) AS purchased, count(*) FILTER (carts > 0 AND purchases = 0) AS abandoned,
       count(*) FILTER (views > 0 AND carts > 0 AND purchases > 0) AS any_order, sum(revenue) AS revenue,
       avg(duration_s) AS mean_duration_s, median(duration_s) AS median_duration_s, avg(events) AS mean_events,
       count(DISTINCT user_id) AS users, coalesce(any_value(strict_order), 0) AS strict_order
FROM sessions LEFT JOIN (
  SELECT month, count(DISTINCT (user_id, user_session)) AS strict_order FROM bought WHERE strict_order GROUP BY month)
  USING (month)
GROUP BY month;

-- table: funnel_by
WITH met AS (
  SELECT user_id, user_session, views, carts, purchases, revenue, unnest([
    {'dimension': 'category', 'value': category_code}, {'dimension': 'brand', 'value': brand},
    {'dimension': 'price_band', 'value': $band}, {'dimension': 'hour', 'value': strftime(hour, '%H')}]) AS found
  FROM touches),
by_session AS (
  SELECT user_id, user_session, found, sum(views) AS views, sum(carts) AS carts, sum(purchases) AS purchases,
         sum(revenue) AS revenue
  FROM met WHERE found.value IS NOT NULL GROUP BY ALL),
counted AS (
  SELECT found, count(*) FILTER (views > 0) AS viewed, count(*) FILTER (carts > 0) AS carted,
         count(*) FILTER (purchases > 0) AS purchased, sum(revenue) AS revenue
  FROM by_session GROUP BY found),
strict AS (
  SELECT found, count(DISTINCT (user_id, user_session)) AS strict_order
  FROM (
    SELECT user_id, user_session, unnest([
      {'dimension': 'category', 'value': category_code}, {'dimension': 'brand', 'value': brand},
      {'dimension': 'price_band', 'value': $band}]) AS found
    FROM bought WHERE strict_order
    UNION ALL
    SELECT user_id, user_session, {'dimension': 'hour', 'value': lpad(unnest(strict_hours)::VARCHAR, 2, '0')}
    FROM bought)
  WHERE found.value IS NOT NULL GROUP BY found)
SELECT found.dimension AS dimension, found.value AS value, viewed, carted, purchased, revenue,
       coalesce(strict_order, 0) AS strict_order,
       row_number() OVER (PARTITION BY found.dimension ORDER BY
         CASE found.dimension WHEN 'hour' THEN found.value::INTEGER
           WHEN 'price_band' THEN string_split(found.value, '-')[1].replace('+', '')::DOUBLE END,
         viewed DESC, purchased DESC, found.value)::INTEGER AS position
FROM counted LEFT JOIN strict USING (found) QUALIFY position <= 30;

-- table: trends
WITH last AS (SELECT max(session_start)::DATE - 6 AS recent, max(session_start)::DATE - 13 AS earlier FROM sessions),
days AS (
  SELECT count(DISTINCT session_start::DATE) FILTER (session_start::DATE >= recent) AS recent,
         count(DISTINCT session_start::DATE) FILTER (session_start::DATE >= earlier AND session_start::DATE < recent)
           AS earlier
  FROM sessions, last),
of_products AS (
  SELECT product_id, brand, category_code, sum(views) AS views, sum(purchases) AS purchases, sum(revenue) AS revenue,
         coalesce(sum(views) FILTER (hour::DATE >= recent), 0) AS recent_views,
         coalesce(sum(views) FILTER (hour::DATE >= earlier AND hour::DATE < recent), 0) AS earlier_views
  FROM touches, last GROUP BY ALL),
of_categories AS (
  SELECT category_code, sum(views) AS views, sum(purchases) AS purchases, sum(revenue) AS revenue,
         sum(recent_views) AS recent_views, sum(earlier_views) AS earlier_views
  FROM of_products WHERE category_code IS NOT NULL GROUP BY ALL),
named AS (
  (SELECT 'product' AS kind, product_id AS name, concat_ws(' ', brand, category_code, product_id) AS label, views,
          purchases, revenue, recent_views, earlier_views
   FROM of_products ORDER BY views DESC, purchases DESC, name LIMIT 100)
  UNION ALL
  (SELECT 'category', category_code, category_code, views, purchases, revenue, recent_views, earlier_views
   FROM of_categories ORDER BY views DESC, purchases DESC, category_code LIMIT 200))
SELECT kind, name, label, views::BIGINT AS views, purchases::BIGINT AS purchases, revenue,
       recent_views::BIGINT AS recent_views, earlier_views::BIGINT AS earlier_views,
       CASE WHEN days.earlier > 0 AND recent_views + earlier_views > 0
         THEN log2((recent_views + 1) / days.recent / ((earlier_views + 1) / days.earlier)) END AS trend
FROM named, days;

-- table: distributions
WITH figures AS (
  SELECT 'session_minutes' AS name, 'minutes' AS unit, 2.0 AS width, 60.0 AS top, duration_s / 60 AS value FROM sessions
  UNION ALL SELECT 'hours_between_visits', 'hours', 6, 168, (epoch(session_start) - epoch(lag(session_start)
    OVER (PARTITION BY user_id ORDER BY session_start, user_session))) / 3600 FROM sessions
  UNION ALL SELECT 'minutes_to_purchase', 'minutes', 2, 60, wait_s / 60 FROM bought
  UNION ALL SELECT 'price_level', '0 cheapest to 1 dearest of the category', 0.05, 1, price_level FROM users
  UNION ALL SELECT 'discount_share', 'share of purchases', 0.05, 1, discount_share FROM habits
  UNION ALL SELECT 'category_loyalty', 'share of events', 0.05, 1, category_loyalty FROM habits
  UNION ALL SELECT 'brand_loyalty', 'share of events', 0.05, 1, brand_loyalty FROM habits
  UNION ALL SELECT 'visits_per_week', 'visits a week', 0.5, 10, visits_per_week FROM habits)
SELECT name, unit, round(lower, 6) AS lower, round(lower + width, 6) AS upper, count(*) AS count
FROM (
  SELECT *, greatest(least(floor(value / width + 1e-9), round(top / width) - 1), 0) * width AS lower
  FROM figures WHERE value IS NOT NULL)
GROUP BY ALL;

-- table: steps
WITH top AS (
  SELECT list(category) AS names FROM (
    SELECT split_part(category_code, '.', 1) AS category FROM products WHERE category_code IS NOT NULL
    GROUP BY category ORDER BY sum(views) DESC, category LIMIT 5)),
named AS (
  SELECT *, CASE WHEN category_code IS NULL THEN 'none'
    WHEN list_contains(names, split_part(category_code, '.', 1)) THEN split_part(category_code, '.', 1) ELSE 'other' END AS category
  FROM events, top),
ordered AS (
  SELECT user_id, user_session, strftime(min(event_time), '%Y-%m') AS month, count(*) AS events,
         list({'type': event_type, 'category': category} ORDER BY event_time,
           list_position(['view', 'cart', 'remove_from_cart', 'purchase'], event_type), category)
           FILTER (event_type <> 'refund') AS steps,
         bool_or(event_type = 'purchase') AS buys
  FROM named GROUP BY user_id, user_session),
judged AS (
  SELECT *, bool_or(buys) OVER w AS buyer, max(events) OVER w AS longest
  FROM ordered WINDOW w AS (PARTITION BY user_id, month))
SELECT user_id, user_session, buyer, list_transform(steps, lambda one: one.type) AS steps,
       list_transform(steps, lambda one: one.category) AS categories
FROM judged WHERE longest <= 2000 AND len(steps) > 0;

-- table: transitions
WITH pairs AS (
  SELECT unnest(list_zip(list_concat(['start'], steps), list_concat(steps, ['exit']))) AS pair FROM steps)
SELECT pair[1] AS step, pair[2] AS next, count(*) AS moves, count(*) / sum(count(*)) OVER (PARTITION BY pair[1]) AS share
FROM pairs GROUP BY pair;

-- table: transitions_by_category
WITH named AS (
  SELECT list_transform(list_zip(steps, categories), lambda one: one[1] || ' ' || one[2]) AS steps FROM steps),
pairs AS (
  SELECT unnest(list_zip(list_concat(['start'], steps), list_concat(steps, ['exit']))) AS pair FROM named)
SELECT pair[1] AS step, pair[2] AS next, count(*) AS moves, count(*) / sum(count(*)) OVER (PARTITION BY pair[1]) AS share
FROM pairs GROUP BY pair;

-- table: folded
SELECT buyer AS buyers, list_filter(steps, lambda one, place: place = 1 OR steps[place - 1] <> one) AS steps,
       array_to_string(list_filter(list_transform(steps, lambda one, place: CASE WHEN place > 1 AND steps[place - 1] = one THEN NULL
         WHEN place < len(steps) AND steps[place + 1] = one THEN one || '+' ELSE one END), lambda one: one IS NOT NULL), ' > ')
         AS path
FROM steps;

-- table: paths
SELECT path, count(*) AS sessions, count(*) / (SELECT count(*) FROM folded) AS share
FROM folded GROUP BY path ORDER BY sessions DESC, path LIMIT 20;

-- table: paths_by_buyer
SELECT buyers, path, count(*) AS sessions, count(*) / sum(count(*)) OVER (PARTITION BY buyers) AS share
FROM folded GROUP BY buyers, path
QUALIFY row_number() OVER (PARTITION BY buyers ORDER BY count(*) DESC, path) <= 20;

-- table: flows
SELECT buyers, position::INTEGER AS position, path[position] AS step, path[position + 1] AS next, count(*) AS sessions
FROM (
  SELECT buyers, path, unnest(range(1, len(path))) AS position
  FROM (SELECT buyers, list_concat(steps, ['exit'])[1:7] AS path FROM folded))
GROUP BY ALL;
