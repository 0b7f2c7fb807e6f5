import { z } from "zod";
import type { Plans } from "../../approval/plans.ts";
import { AppError } from "../../errors/app-error.ts";
import type { ChangePlan } from "../../approval/change-plan.ts";
import type { ClientChannel, ToolContext } from "../define-tool.ts";

const Answer = z.object({ action: z.string(), content: z.object({ approve: z.boolean() }).optional() });
const key = "approval";

/**
 * Asks the person at the client for the approval that a plan needs. Off by default (`SOPHIA_APPROVE_IN_CLIENT`): the
 * answer comes from whoever holds the caller's bearer, and an agent that can read its client's configuration could
 * give it by itself. The approver's own token has no such hole.
 */
export async function approveInClient(
  plans: Plans,
  planId: string,
  plan: ChangePlan,
  { client, caller }: Pick<ToolContext<unknown>, "client" | "caller">,
): Promise<boolean> {
  if (!client?.can.form) return false;
  // The state is sealed for this caller: an answer to another plan's question does not count.
  if (client.state?.["planId"] !== planId) askPerson(client, planId, plan);
  const answer = Answer.safeParse(client.answers?.[key]);
  if (answer.data?.action !== "accept" || answer.data.content?.approve !== true) {
    throw new AppError("denied", "The person did not approve the change.", { hint: "Do not ask again unasked." });
  }
  await plans.approve(planId, { id: `in-client:${caller.id}`, name: caller.name, scopes: ["approve"] });
  return true;
}

function askPerson(client: ClientChannel, planId: string, plan: ChangePlan): never {
  const cost = plan.costPerHourUsd === 0 ? "no running cost" : `${plan.costPerHourUsd} USD an hour`;
  return client.ask(
    {
      [key]: {
        kind: "form",
        message: `${plan.summary} Who notices: ${plan.blastRadius} Risk: ${plan.risk}; ${cost}. Approve?`,
        schema: {
          type: "object",
          properties: { approve: { type: "boolean", title: "Approve this change", default: false } },
          required: ["approve"],
        },
      },
    },
    { planId },
  );
}
