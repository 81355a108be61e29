/** Why a type that costs money has no pricer: nobody can tell its amount from a plan, or no price of it has a source. */
export const unpricedReasons: Readonly<Record<string, string>> = {
  "aws:guardduty/detector:Detector":
    "charged by the events, flow logs and volumes that it reads, which a plan does not know; AWS shows the figure after a free month",
  "aws:securityhub/account:Account":
    "charged by checks and findings, which a plan does not know; the first month is free",
  "aws:scheduler/schedule:Schedule":
    "charged by invocations, of which a plan knows no number, and no price with a source is in the table",
  "aws:athena/workgroup:Workgroup": "charged by the data that a query reads, which a plan does not know",
  "aws:batch/computeEnvironment:ComputeEnvironment":
    "charged by the instances that jobs start and end, of which a plan knows none",
  "aws:backup/restoreTestingSelection:RestoreTestingSelection":
    "charged by tested copies and by what is restored for an hour or two, of which no price with a source is in the table",
  "aws:cloudfront/function:Function": "charged by invocations, of which a plan knows none",
  "aws:cloudwatch/compositeAlarm:CompositeAlarm":
    "charged by the alarm, of which no price with a source is in the table",
  "aws:cloudwatch/logDelivery:LogDelivery": "charged by the volume that is delivered, which a plan does not know",
  "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication":
    "charged by the backups' size in the other Region, of which no price with a source is in the table",
};
