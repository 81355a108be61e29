export { FleetSchedule, type FleetScheduleArgs } from "./fleet-schedule";
export { drainHook } from "./drain-document";
