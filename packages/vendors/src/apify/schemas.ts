import { z } from "zod";

const Moment = z.iso.datetime().transform((text) => Date.parse(text));
const Text = z.string();

/** What every list says of itself. https://docs.apify.com/api/v2#pagination */
export function listOf<S>(item: z.ZodType<S>) {
  return z.object({ data: z.object({ total: z.number(), offset: z.number(), items: z.array(item).max(1_000) }) });
}

/** With hyphens, unlike the events. A word that is not known here counts as still running. */
export const runStatuses = [
  "READY",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "TIMING-OUT",
  "TIMED-OUT",
  "ABORTING",
  "ABORTED",
] as const;
export type ApifyRunStatus = (typeof runStatuses)[number];
export const finalStatuses: ReadonlySet<string> = new Set(["SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"]);

export const RunFields = z.object({
  id: Text,
  actId: Text,
  actorTaskId: Text.nullish(),
  status: z.enum(runStatuses).catch("RUNNING"),
  statusMessage: Text.nullish(),
  startedAt: Moment,
  finishedAt: Moment.nullish(),
  exitCode: z.number().nullish(),
  meta: z.object({ userAgent: Text.nullish() }).nullish(),
  stats: z.object({ computeUnits: z.number().nullish(), runTimeSecs: z.number().nullish() }).nullish(),
  options: z
    .object({
      memoryMbytes: z.number().nullish(),
      timeoutSecs: z.number().nullish(),
      maxItems: z.number().nullish(),
      maxTotalChargeUsd: z.number().nullish(),
    })
    .nullish(),
  chargedEventCounts: z.record(Text, z.number()).nullish(),
  usageTotalUsd: z.number().nullish(),
  defaultDatasetId: Text,
  defaultKeyValueStoreId: Text,
  defaultRequestQueueId: Text,
});
/** https://docs.apify.com/api/v2/actor-run-get */
export const RunReply = z.object({ data: RunFields });
export const RunList = listOf(RunFields);

/** https://docs.apify.com/api/v2/dataset-get. The key that signs public links is left behind, and so are such links. */
const DatasetFields = z.object({
  id: Text,
  name: Text.nullish(),
  createdAt: Moment,
  modifiedAt: Moment,
  itemCount: z.number(),
  cleanItemCount: z.number().nullish(),
  actRunId: Text.nullish(),
  fields: z.array(Text).nullish(),
});
export const DatasetReply = z.object({ data: DatasetFields });
export const DatasetList = listOf(DatasetFields);
export type DatasetFields = z.output<typeof DatasetFields>;

/** A bare array. https://docs.apify.com/api/v2/dataset-items-get */
export const Items = z.array(z.record(Text, z.unknown())).max(250_000);

/** https://docs.apify.com/api/v2/dataset-statistics-get */
export const Statistics = z.object({
  data: z.object({
    fieldStatistics: z
      .record(Text, z.object({ nullCount: z.number().nullish(), emptyCount: z.number().nullish() }))
      .nullish(),
  }),
});

const StoreFields = z.object({
  id: Text,
  name: Text.nullish(),
  createdAt: Moment,
  modifiedAt: Moment,
  actRunId: Text.nullish(),
});
export const StoreReply = z.object({ data: StoreFields });
export const StoreList = listOf(StoreFields);

/** https://docs.apify.com/api/v2/key-value-store-keys-get */
export const KeyList = z.object({
  data: z.object({
    items: z.array(z.object({ key: Text, size: z.number() })).max(1_000),
    isTruncated: z.boolean(),
    nextExclusiveStartKey: Text.nullish(),
  }),
});

const Usd = z.number();
/** By subscription tier. */
const Tiers = z.record(
  Text,
  z.looseObject({ tieredEventPriceUsd: Usd.nullish(), tieredPricePerUnitUsd: Usd.nullish() }),
);

/** https://docs.apify.com/platform/actors/publishing/monetize */
export const Pricing = z.object({
  pricingModel: z.enum(["FREE", "PAY_PER_EVENT", "PRICE_PER_DATASET_ITEM", "FLAT_PRICE_PER_MONTH"]).or(Text),
  startedAt: Moment.nullish(),
  pricePerUnitUsd: Usd.nullish(),
  unitName: Text.nullish(),
  tieredPricing: Tiers.nullish(),
  minimalMaxTotalChargeUsd: Usd.nullish(),
  pricingPerEvent: z
    .object({
      actorChargeEvents: z
        .record(
          Text,
          z.object({
            eventTitle: Text.nullish(),
            eventPriceUsd: Usd.nullish(),
            eventTieredPricingUsd: Tiers.nullish(),
            isPrimaryEvent: z.boolean().nullish(),
            isOneTimeEvent: z.boolean().nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});
export type Pricing = z.output<typeof Pricing>;

const ActorFields = z.object({ id: Text, name: Text, username: Text, title: Text.nullish() });
/** https://docs.apify.com/api/v2/store-get */
export const StoreActorList = listOf(
  ActorFields.extend({
    description: Text.nullish(),
    categories: z.array(Text).nullish(),
    stats: z.object({ totalRuns: z.number().nullish(), totalUsers: z.number().nullish() }).nullish(),
    currentPricingInfo: Pricing.nullish(),
  }),
);
export const OwnActorList = listOf(ActorFields);
/** https://docs.apify.com/api/v2/act-get */
export const ActorReply = z.object({
  data: ActorFields.extend({
    description: Text.nullish(),
    isDeprecated: z.boolean().nullish(),
    pricingInfos: z.array(Pricing).nullish(),
    defaultRunOptions: z.object({ memoryMbytes: z.number().nullish(), timeoutSecs: z.number().nullish() }).nullish(),
  }),
});
/** https://docs.apify.com/api/v2/act-build-default-get */
export const BuildReply = z.object({
  data: z.object({
    /** JSON inside a string. */
    inputSchema: Text.nullish(),
    actorDefinition: z.object({ input: z.record(Text, z.unknown()).nullish() }).nullish(),
    readme: Text.nullish(),
  }),
});
export const ValidityReply = z.object({ valid: z.boolean() });

const TaskFields = z.object({
  id: Text,
  actId: Text,
  name: Text,
  title: Text.nullish(),
  actName: Text.nullish(),
  actUsername: Text.nullish(),
  input: z.record(Text, z.unknown()).nullish(),
});
/** https://docs.apify.com/api/v2/actor-tasks-get */
export const TaskList = listOf(TaskFields);
export const TaskReply = z.object({ data: TaskFields });

/** https://docs.apify.com/api/v2/users-me-limits-get */
export const LimitsReply = z.object({
  data: z.object({
    monthlyUsageCycle: z.object({ startAt: Moment, endAt: Moment }),
    limits: z.object({
      maxMonthlyUsageUsd: Usd,
      maxActorMemoryGbytes: z.number(),
      maxConcurrentActorJobs: z.number(),
    }),
    current: z.object({ monthlyUsageUsd: Usd, actorMemoryGbytes: z.number(), activeActorJobCount: z.number() }),
  }),
});

/** https://docs.apify.com/api/v2/users-me-usage-monthly-get */
export const MonthlyUsageReply = z.object({
  data: z.object({
    usageCycle: z.object({ startAt: Moment, endAt: Moment }),
    totalUsageCreditsUsdAfterVolumeDiscount: Usd,
    monthlyServiceUsage: z.record(Text, z.object({ quantity: z.number(), baseAmountUsd: Usd })),
  }),
});

/** https://docs.apify.com/api/v2/users-me-get, without e-mail address and proxy password. */
export const UserReply = z.object({
  data: z.object({ username: Text, plan: z.object({ id: Text.nullish(), description: Text.nullish() }) }),
});

/** https://docs.apify.com/api/v2/webhooks-post */
export const WebhookReply = z.object({ data: z.object({ id: Text }) });
