import { z } from "zod";

const Moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** https://www.pulumi.com/docs/reference/cloud-rest-api/environments/ — the fields that are used. */
export const ListAnswer = z.object({
  environments: z
    .array(
      z.object({
        project: z.string().default("default"),
        name: z.string(),
        created: Moment.catch(0),
        modified: Moment.catch(0),
        tags: z.record(z.string(), z.string()).nullish(),
      }),
    )
    .nullish()
    .transform((list) => list ?? []),
  nextToken: z.string().nullish(),
});

export const RevisionsAnswer = z
  .array(
    z.object({
      number: z.number(),
      created: Moment,
      creatorLogin: z.string().optional(),
      creatorName: z.string().optional(),
      tags: z.array(z.string()).nullish(),
      retracted: z.object({}).nullish(),
      sourceChangeRequest: z.object({ description: z.string().optional() }).nullish(),
    }),
  )
  .nullish()
  .transform((list) => list ?? []);

export const TagsAnswer = z.object({
  tags: z.record(z.string(), z.object({ value: z.string() })).nullish(),
  nextToken: z.string().nullish(),
});

export const TagAnswer = z.object({ value: z.string() });
export const RevisionTagAnswer = z.object({ revision: z.number() });
export const OpenAnswer = z.object({ id: z.string().min(1) });

export const RotateAnswer = z.object({
  secretRotationEvent: z.object({ status: z.string(), postRotationRevision: z.number().nullish() }),
});
