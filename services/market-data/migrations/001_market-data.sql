-- Up Migration

CREATE TABLE symbols (
  symbol text COLLATE "C" PRIMARY KEY,
  name text NOT NULL,
  market text NOT NULL,
  exchange text,
  currency text,
  active boolean NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX symbols_by_name ON symbols (lower(name) text_pattern_ops);

CREATE TABLE bars (
  symbol text COLLATE "C" NOT NULL,
  timeframe text NOT NULL,
  at timestamptz NOT NULL,
  open double precision NOT NULL,
  high double precision NOT NULL,
  low double precision NOT NULL,
  close double precision NOT NULL,
  volume double precision NOT NULL,
  PRIMARY KEY (symbol, timeframe, at)
);

-- Every quote of the live stream, once: a batch that is sent again after a lost answer meets its own key.
CREATE TABLE quotes (
  stream_id uuid NOT NULL,
  number bigint NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL,
  bid double precision NOT NULL,
  bid_size double precision NOT NULL,
  ask double precision NOT NULL,
  ask_size double precision NOT NULL,
  source text NOT NULL,
  PRIMARY KEY (stream_id, number)
);
CREATE INDEX quotes_by_time ON quotes USING brin (at);

CREATE TABLE latest_quotes (
  symbol text COLLATE "C" PRIMARY KEY,
  at timestamptz NOT NULL,
  bid double precision NOT NULL,
  bid_size double precision NOT NULL,
  ask double precision NOT NULL,
  ask_size double precision NOT NULL,
  source text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE watchlists (
  user_id text NOT NULL,
  name text NOT NULL,
  symbols text[] NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, name)
);

-- What changed, for every instance's cache: read after each notification, and after every reconnect.
CREATE TABLE invalidations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tags text[] NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION announce_invalidation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('market_data_invalidations', '');
  RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER INSERT ON invalidations
  FOR EACH STATEMENT EXECUTE FUNCTION announce_invalidation();

CREATE FUNCTION invalidate_symbols() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO invalidations (tags)
    SELECT ARRAY['symbols'] || CASE WHEN count(*) > 100 THEN '{}' ELSE array_agg('symbol:' || symbol) END
    FROM changed HAVING count(*) > 0;
  RETURN NULL;
END $$;
CREATE TRIGGER invalidate_inserted AFTER INSERT ON symbols REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION invalidate_symbols();
CREATE TRIGGER invalidate_updated AFTER UPDATE ON symbols REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION invalidate_symbols();
CREATE TRIGGER invalidate_deleted AFTER DELETE ON symbols REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION invalidate_symbols();

-- Down Migration

DROP TABLE invalidations, watchlists, latest_quotes, quotes, bars, symbols;
DROP FUNCTION announce_invalidation, invalidate_symbols;
