import { z } from "zod";
import { checkIngest } from "../../components/trading/market-data-ingest/check";
import { exchanges } from "../../lambdas/common/exchange-calendar";
import { defineSection, fields } from "../section";

/** The market-data websocket server. */
export const ingest = defineSection({
  description: "The Alpaca websocket server: one stream in, many readers, raw ticks to the market-data bucket.",
  requires: ["network", "data"],
  schema: ({ byStage }) =>
    z.strictObject({
      instanceType: fields
        .instanceType()
        .default(byStage({ dev: "t3.small", qa: "t3.small", prod: "c6i.large" }))
        .meta({ description: "Instance type of the server" }),
      ami: fields.ami().optional().meta({
        description: "System image; the stage's pointer where images has one, else Amazon Linux 2023",
        allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter",
      }),
      image: z.string().meta({ description: "Image of the server (services/ingest), by release or digest" }),
      feed: z
        .enum(["iex", "sip"])
        .default(byStage({ dev: "iex", qa: "iex", prod: "sip" }))
        .meta({ description: "Alpaca's feed: iex is free of charge, sip has every exchange" }),
      symbols: z.array(z.string()).default(["*"]).meta({ description: "Symbols to subscribe to, or * for all" }),
      port: z.int().default(8765).meta({ description: "Port that readers connect to" }),
      exchange: z.enum(exchanges).default("NYSE").meta({ description: "Exchange whose hours the stale alarm knows" }),
      overrides: z
        .array(
          z.strictObject({
            date: fields.day().meta({ description: "Trade date, YYYY-MM-DD" }),
            close: z.string().meta({ description: "`closed`, or the closing time", allowed: "closed, or HH:MM" }),
          }),
        )
        .default([])
        .meta({ description: "Days that differ from the exchange's rules" }),
      staleSeconds: z
        .int()
        .default(byStage({ dev: 300, qa: 120, prod: 60 }))
        .meta({ description: "Seconds without a tick in market hours before the alarm goes off" }),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that logs are kept" }),
    }),
  check: (value, settings) => {
    const issues = checkIngest(value);
    const data = settings.data as { buckets?: { marketData?: unknown } } | undefined;
    if (!data?.buckets?.marketData) {
      issues.push({
        path: "",
        problem: "has no bucket for raw ticks",
        allowed: "data.buckets.marketData",
        fix: "Turn data.buckets.marketData on.",
      });
    }
    return issues;
  },
});
