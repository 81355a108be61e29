/** What a compliance report rests on: plain facts of one stack, as its account's services tell them. */

export interface Evidence {
  readonly trails: readonly {
    readonly name: string;
    readonly multiRegion: boolean;
    readonly logging: boolean;
    readonly validated: boolean;
    readonly encrypted: boolean;
  }[];
  readonly config: { readonly recording: boolean; readonly brokenRules: readonly string[] };
  readonly detectors: readonly { readonly id: string; readonly enabled: boolean }[];
  readonly backup: {
    readonly completed: number;
    readonly failed: readonly string[];
    readonly restoreTestsPassed: number;
    readonly restoreTestsFailed: readonly string[];
  };
  readonly databases: readonly {
    readonly id: string;
    readonly encrypted: boolean;
    readonly isPublic: boolean;
    readonly backupDays: number;
    readonly isReplica: boolean;
  }[];
  readonly volumes: readonly { readonly id: string; readonly encrypted: boolean }[];
  readonly encryptionByDefault: boolean;
  readonly instances: readonly { readonly id: string; readonly publicIp?: string; readonly imdsV2: boolean }[];
  readonly networks: readonly { readonly id: string; readonly hasFlowLog: boolean }[];
  readonly buckets: readonly {
    readonly name: string;
    readonly purpose: string;
    readonly encrypted: boolean;
    readonly closed: boolean;
    readonly versioned: boolean;
    readonly lock?: { readonly mode: string; readonly days: number };
  }[];
  readonly logGroups: readonly { readonly name: string; readonly retentionDays?: number }[];
}

export type Source = keyof Evidence;

/** Evidence as far as it could be had, and why the rest could not. */
export interface Collected {
  readonly evidence: Partial<Evidence>;
  readonly unavailable: Readonly<Partial<Record<Source, string>>>;
}
