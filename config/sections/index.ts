import type { z } from "zod";
import type { Section } from "../section";
import { backups } from "./backups";
import { budget } from "./budget";
import { backtest } from "./backtest";
import { compliance } from "./compliance";
import { data } from "./data";
import { fleet } from "./fleet";
import { gpu } from "./gpu";
import { images } from "./images";
import { ingest } from "./ingest";
import { kubernetes } from "./kubernetes";
import { logArchive } from "./log-archive";
import { mlflow } from "./mlflow";
import { monitoring } from "./monitoring";
import { monitoringServer } from "./monitoring-server";
import { network } from "./network";
import { policies } from "./policies";
import { schedule } from "./schedule";
import { security } from "./security";
import { services } from "./services";
import { site } from "./site";
import { trader } from "./trader";
import { web } from "./web";

/** Every section, by its key in the stack file. A new one is its file and its line here. */
export const sections = {
  network,
  data,
  fleet,
  policies,
  monitoring,
  schedule,
  security,
  trader,
  ingest,
  monitoringServer,
  kubernetes,
  services,
  web,
  site,
  images,
  backups,
  gpu,
  budget,
  logArchive,
  backtest,
  mlflow,
  compliance,
} as const;

export type SectionKey = keyof typeof sections;

/** A section's settings, defaults filled in. */
export type SettingsOf<K extends SectionKey> = (typeof sections)[K] extends Section<infer S> ? z.output<S> : never;

export type SectionSettings = { readonly [K in SectionKey]?: SettingsOf<K> };
