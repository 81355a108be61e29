import { Budget } from "../components/operations/budget";
import type { Platform } from "./platform";

export function wireBudget({ settings, tags, alarmTopics }: Platform) {
  if (!settings.budget || !alarmTopics) return undefined;
  const budget = new Budget("budget", {
    ...settings.budget,
    project: tags.project,
    stack: tags.stack,
    warningTopicArn: alarmTopics.warning,
    criticalTopicArn: alarmTopics.critical,
  });
  return { name: budget.name, monthlyUsd: settings.budget.monthlyUsd };
}
