import { wireAlarmTopics } from "./alarm-topics";
import { wireBackups } from "./backups";
import { wireBacktest } from "./backtest";
import { wireBudget } from "./budget";
import { wireCompliance } from "./compliance";
import { wireData } from "./data";
import { wireFleet } from "./fleet";
import { wireGpu } from "./gpu";
import { wireImages } from "./images";
import { wireIngest } from "./ingest";
import { wireKubernetes } from "./kubernetes";
import { wireLogArchive } from "./log-archive";
import { wireMonitoring } from "./monitoring";
import { wireMlflow } from "./mlflow";
import { wireMonitoringServer } from "./monitoring-server";
import { wireNetwork } from "./network";
import { wireSchedule } from "./schedule";
import { wireSecurity } from "./security";
import { wireServices } from "./services";
import { wireSite } from "./site";
import { wireTrader } from "./trader";
import { wireWeb } from "./web";
import type { Wire } from "./platform";

/**
 * The platform's sections, a line each, in the order in which they need each other. A section's presence in the stack file
 * turns it on; its wiring says what it takes from its siblings.
 */
export const sections = {
  alarmTopics: wireAlarmTopics,
  images: wireImages,
  network: wireNetwork,
  data: wireData,
  gpu: wireGpu,
  backtest: wireBacktest,
  mlflow: wireMlflow,
  monitoringServer: wireMonitoringServer,
  trader: wireTrader,
  fleet: wireFleet,
  kubernetes: wireKubernetes,
  services: wireServices,
  web: wireWeb,
  site: wireSite,
  ingest: wireIngest,
  schedule: wireSchedule,
  security: wireSecurity,
  backups: wireBackups,
  budget: wireBudget,
  logArchive: wireLogArchive,
  compliance: wireCompliance,
  monitoring: wireMonitoring,
} satisfies Readonly<Record<string, Wire>>;
