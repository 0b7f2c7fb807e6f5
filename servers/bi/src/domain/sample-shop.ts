/** A table of the sample warehouse: how it is made and what it means. */
export interface SampleTable {
  name: string;
  comment: string;
  select: string;
}

/** Counts as part of the fingerprint: raise it when a statement below changes. */
export const sampleVersion = 1;
export const sampleSeed = 20_240_101;

/**
 * A shop over 24 months (2024 and 2025): growth, a yearly and a weekly season, a Christmas peak, and one dip to find:
 * the west loses nearly half of its orders from July to September 2025. Equal on every machine: all chance comes from
 * MD5 over the seed.
 */
export function sampleTables(seed: number): { setUp: string[]; tables: SampleTable[] } {
  return {
    setUp: [
      `CREATE OR REPLACE TEMP MACRO pick(salt, n) AS (md5_number_lower(concat('${seed}:', salt, ':', n)) % 1000000)::DOUBLE / 1000000`,
    ],
    tables: [
      { name: "sample_customers", comment: "Customers of the sample shop, one row each.", select: customers },
      {
        name: "sample_products",
        comment: "Products of the sample shop with price and cost in euros.",
        select: products,
      },
      {
        name: "sample_orders",
        comment: "Orders of the sample shop, 2024 and 2025. status: completed, returned or cancelled.",
        select: orders,
      },
      {
        name: "sample_order_items",
        comment:
          "Lines of the orders. Revenue of a line = quantity * unit_price * (1 - discount), euros; count completed orders only.",
        select: orderItems,
      },
    ],
  };
}

const customers = `
  SELECT (i + 1)::INTEGER AS customer_id,
    ['Ada', 'Ben', 'Carla', 'David', 'Emma', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Karin', 'Luis'][1 + (pick('first', i) * 12)::INTEGER % 12]
      || ' ' || ['Adler', 'Becker', 'Conti', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Horvat', 'Ivanov', 'Jensen'][1 + (pick('last', i) * 10)::INTEGER % 10] AS name,
    CASE WHEN pick('region', i) < 0.32 THEN 'north' WHEN pick('region', i) < 0.55 THEN 'south' WHEN pick('region', i) < 0.75 THEN 'east' ELSE 'west' END AS region,
    CASE WHEN pick('segment', i) < 0.6 THEN 'consumer' WHEN pick('segment', i) < 0.88 THEN 'small business' ELSE 'enterprise' END AS segment,
    DATE '2022-01-01' + (pick('joined', i) * 1200)::INTEGER AS joined_on
  FROM range(2000) numbers(i)`;

const products = `
  SELECT (i + 1)::INTEGER AS product_id,
    ['Aurora', 'Birch', 'Cobalt', 'Dune', 'Ember', 'Fjord'][1 + i % 6] || ' ' || ['desk', 'lamp', 'chair', 'shelf', 'rug'][1 + i // 6 % 5] || ' ' || (1 + i // 30) AS name,
    ['office', 'lighting', 'seating', 'storage', 'home'][1 + i // 6 % 5] AS category,
    (9 + pick('price', i) * 240)::DECIMAL(10, 2) AS unit_price,
    ((9 + pick('price', i) * 240) * (0.45 + pick('cost', i) * 0.25))::DECIMAL(10, 2) AS unit_cost
  FROM range(120) numbers(i)`;

const orders = `
  WITH slots AS (
    SELECT DATE '2024-01-01' + i::INTEGER AS ordered_on, i * 64 + j AS n, i AS day_number
    FROM range(731) days(i), range(64) places(j)
  ), expected AS (
    SELECT *, 22 * (1 + 0.4 * day_number / 731) * (1 + 0.2 * sin(2 * pi() * (month(ordered_on) - 4) / 12))
      * CASE month(ordered_on) WHEN 11 THEN 1.3 WHEN 12 THEN 1.5 ELSE 1 END * CASE WHEN isodow(ordered_on) > 5 THEN 0.75 ELSE 1 END AS per_day
    FROM slots
  ), placed AS (
    SELECT n, ordered_on, 1 + (pick('customer', n) * 2000)::INTEGER % 2000 AS customer_id FROM expected WHERE pick('placed', n) < per_day / 64
  ), known AS (SELECT p.*, c.region FROM placed p JOIN ({customers}) c USING (customer_id))
  SELECT row_number() OVER (ORDER BY n)::INTEGER AS order_id, customer_id, ordered_on, region,
    CASE WHEN pick('channel', n) < 0.55 THEN 'web' WHEN pick('channel', n) < 0.9 THEN 'store' ELSE 'phone' END AS channel,
    CASE WHEN pick('status', n) < 0.92 THEN 'completed' WHEN pick('status', n) < 0.97 THEN 'returned' ELSE 'cancelled' END AS status
  FROM known
  WHERE NOT (region = 'west' AND ordered_on BETWEEN DATE '2025-07-01' AND DATE '2025-09-30' AND pick('dip', n) < 0.45)
  ORDER BY order_id`.replace("{customers}", customers);

const orderItems = `
  WITH lines AS (
    SELECT o.order_id, j AS line, o.order_id * 8 + j AS n FROM ({orders}) o, range(4) places(j) WHERE j = 0 OR pick('line', o.order_id * 8 + j) < 0.45
  ), chosen AS (
    SELECT *, 1 + (pick('product', n) * pick('product2', n) * 120)::INTEGER % 120 AS product_id FROM lines
  )
  SELECT row_number() OVER (ORDER BY n)::INTEGER AS order_item_id, order_id, product_id,
    (1 + pick('quantity', n) * pick('quantity', n) * 4)::INTEGER AS quantity, p.unit_price,
    CASE WHEN pick('discount', n) < 0.8 THEN 0 WHEN pick('discount', n) < 0.95 THEN 0.1 ELSE 0.2 END::DECIMAL(3, 2) AS discount
  FROM chosen JOIN ({products}) p USING (product_id)
  ORDER BY order_item_id`
  .replace("{orders}", orders)
  .replace("{products}", products);
