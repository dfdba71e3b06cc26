-- SPDX-License-Identifier: Apache-2.0
-- The site's tables. Safe to run again: it creates only what is missing. Money is in cents, times are UTC.
CREATE TABLE IF NOT EXISTS account (
  id BIGINT PRIMARY KEY AUTO_INCREMENT,
  name VARCHAR(32) NOT NULL UNIQUE,
  password_hash VARCHAR(160) NOT NULL,
  seller TINYINT NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT UTC_TIMESTAMP
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS product (
  id BIGINT PRIMARY KEY AUTO_INCREMENT,
  seller_id BIGINT NOT NULL,
  category VARCHAR(32) NOT NULL,
  name VARCHAR(120) NOT NULL,
  description TEXT NOT NULL,
  price_cents INT NOT NULL,
  stock INT NOT NULL,
  picture VARCHAR(80) NOT NULL,
  KEY by_category (category, id),
  KEY by_seller (seller_id, id),
  FULLTEXT KEY words (name, description),
  CONSTRAINT product_seller FOREIGN KEY (seller_id) REFERENCES account (id),
  CONSTRAINT stock_never_negative CHECK (stock >= 0),
  CONSTRAINT price_positive CHECK (price_cents > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS cart_line (
  account_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  quantity INT NOT NULL,
  PRIMARY KEY (account_id, product_id),
  CONSTRAINT cart_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT cart_product FOREIGN KEY (product_id) REFERENCES product (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- form_key comes from the order form: the same form sent twice is one order.
CREATE TABLE IF NOT EXISTS purchase (
  id BIGINT PRIMARY KEY AUTO_INCREMENT,
  account_id BIGINT NOT NULL,
  form_key CHAR(32) NOT NULL,
  total_cents BIGINT NOT NULL DEFAULT 0,
  created_at DATETIME NOT NULL DEFAULT UTC_TIMESTAMP,
  UNIQUE KEY once (account_id, form_key),
  KEY newest (account_id, id),
  CONSTRAINT purchase_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS purchase_line (
  purchase_id BIGINT NOT NULL,
  product_id BIGINT NOT NULL,
  quantity INT NOT NULL,
  price_cents INT NOT NULL,
  PRIMARY KEY (purchase_id, product_id),
  KEY by_product (product_id),
  CONSTRAINT line_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id),
  CONSTRAINT line_product FOREIGN KEY (product_id) REFERENCES product (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS thread (
  id BIGINT PRIMARY KEY AUTO_INCREMENT,
  account_id BIGINT NOT NULL,
  title VARCHAR(120) NOT NULL,
  replies INT NOT NULL DEFAULT 0,
  last_post_at DATETIME NOT NULL DEFAULT UTC_TIMESTAMP,
  KEY latest (last_post_at, id),
  CONSTRAINT thread_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE IF NOT EXISTS post (
  id BIGINT PRIMARY KEY AUTO_INCREMENT,
  thread_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  created_at DATETIME NOT NULL DEFAULT UTC_TIMESTAMP,
  KEY by_thread (thread_id, id),
  CONSTRAINT post_thread FOREIGN KEY (thread_id) REFERENCES thread (id),
  CONSTRAINT post_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
