import "tsx/cjs"; // compiles all that follows where the language host knows no nodeargs
import { engineReport, type Report } from "./components/common/report";
import { wireAlarmTopics } from "./wiring/alarm-topics";
import { wireBackups } from "./wiring/backups";
import { wireBacktest } from "./wiring/backtest";
import { wireBudget } from "./wiring/budget";
import { wireCompliance } from "./wiring/compliance";
import { wireData } from "./wiring/data";
import { wireFleet } from "./wiring/fleet";
import { wireGpu } from "./wiring/gpu";
import { wireImages } from "./wiring/images";
import { wireIngest } from "./wiring/ingest";
import { wireKubernetes } from "./wiring/kubernetes";
import { wireLogArchive } from "./wiring/log-archive";
import { wireMonitoring } from "./wiring/monitoring";
import { wireMlflow } from "./wiring/mlflow";
import { wireMonitoringServer } from "./wiring/monitoring-server";
import { wireNetwork } from "./wiring/network";
import { deploy } from "./wiring/platform";
import { wireSchedule } from "./wiring/schedule";
import { wireSecurity } from "./wiring/security";
import { wireServices } from "./wiring/services";
import { wireSite } from "./wiring/site";
import { wireTrader } from "./wiring/trader";
import { wireWeb } from "./wiring/web";

/**
 * The program: settings -> components -> stack outputs. One line a section, in the order in which they need each other; a
 * section's presence in the stack file turns it on, and its wiring says what it takes from its siblings.
 */
export = (report: Report = engineReport) =>
  deploy(report, {
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
  });
