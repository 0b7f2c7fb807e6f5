/**
 * Openings with which models decline, in the languages they are most asked in. Only the beginning counts: an answer that
 * explains later on what it cannot do has still answered.
 */
const refusals: readonly RegExp[] = [
  /\bI(?:['’]m| am) (?:sorry|afraid)[^.!?]{0,60}\b(?:can(?:['’]|no)t|cannot|unable|not able|won['’]t)/i,
  /\bI (?:can(?:['’]t|not)|cannot|won['’]t|will not|am unable to|['’]m unable to|am not able to|must decline|have to decline)\s+(?:\w+ly\s+)?(?:to\s+)?(?:help|assist|provide|comply|do that|fulfil|support|create|generate|write|engage|answer|discuss|share|offer|continue|give|complete|produce)/i,
  /\bI(?:['’]m| am) (?:unable|not able|not allowed|not permitted) to (?:help|assist|provide|comply|answer|do|fulfil|create|generate|write|discuss|share|give)/i,
  /\b(?:As|Being) an AI(?: language model| assistant)?,? I (?:can(?:['’]|no)t|cannot|do not|don['’]t|am unable)/i,
  /\bI must (?:respectfully )?(?:decline|refuse)/i,
  /\bEs tut mir leid[^.!?]{0,60}\b(?:kann|darf|werde)\b[^.!?]{0,60}\bnicht\b/i,
  /\bIch kann (?:dir|Ihnen|dabei|das|diese[rn]?)[^.!?]{0,60}\bnicht\b[^.!?]{0,20}\b(?:helfen|beantworten|unterstützen|erfüllen)/i,
  /\b(?:Je suis désolé|Désolé)[^.!?]{0,60}\bne (?:peux|puis)\b/i,
  /\bJe ne (?:peux|puis) pas (?:vous |t['’])?(?:aider|répondre|fournir)/i,
  /\bLo siento[^.!?]{0,60}\bno puedo\b/i,
  /\bNo puedo (?:ayudarte|ayudarle|ayudar|proporcionar|responder)/i,
];

const openingCharacters = 300;

/** Whether the model declined. `finishReason` is the provider's word for how the answer ended. */
export function isRefusal(answer: string, finishReason?: string): boolean {
  if (finishReason === "content_filter" || finishReason === "refusal") return true;
  const opening = answer.slice(0, openingCharacters);
  return refusals.some((refusal) => refusal.test(opening));
}
