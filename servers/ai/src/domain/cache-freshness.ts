/** `now`: the answer depends on the moment; `soon`: it changes within hours. */
export type Freshness = "now" | "soon" | "any";

const now =
  /\b(?:today|tonight|tomorrow|yesterday|now|nowadays|currently|latest|newest|recent|recently|up[- ]to[- ]date|this (?:week|month|year|morning|afternoon|evening|weekend)|(?:last|next|past|coming) (?:week|month|year|night|hour|few (?:days|weeks|hours))|so far|as of|at the moment|right away|breaking|live|what time is it|what day is it|heute|morgen|gestern|jetzt|gerade|aktuell\w*|neueste\w*|derzeit|hoy|mañana|ayer|ahora|actual\w*|último|últimas|aujourd['’]hui|demain|hier|maintenant|actuellement|dernières?|oggi|domani|ieri|adesso|vandaag|nu|hoje|agora)\b|今日|明日|昨日|今天|现在|最新/iu;
const soon =
  /\b(?:price|prices|cost|costs|stock|shares?|exchange rate|rates?|weather|forecast|temperature|news|score|scores|standings|availability|available|open|opening hours|status|version|release|traffic|delay|delayed|balance|preis|kurs|wetter|precio|tiempo|prix|météo|prezzo|meteo)\b/iu;

/** Words that tie an answer to its time. Errs on the side of asking again. */
export function readFreshness(text: string): Freshness {
  if (now.test(text)) return "now";
  return soon.test(text) ? "soon" : "any";
}
