import type { PiiKind, PiiSpan } from "../pii-span.ts";
import { fill, makeCard, makeEmail, makeIban, makeIp, makePhone, makeSsn, pick, type Random } from "./make-numbers.ts";

export interface PiiSentence {
  text: string;
  spans: PiiSpan[];
}

const makers: Record<PiiKind, (random: Random) => string> = {
  email: makeEmail,
  iban: makeIban,
  card: makeCard,
  ssn: makeSsn,
  ip: makeIp,
  phone: makePhone,
};

/** What people write around their particulars. `{kind}` is the place; some give no hint of what stands there. */
const frames: readonly string[] = [
  "Write to {email} or ring {phone}.",
  "Please update my e-mail to {email}, the old one is dead.",
  "Contact: {email}; {phone}",
  "<{email}> wrote on Tuesday: thanks for the quick answer!",
  "{email}",
  "My phone number is {phone} but I am out until Monday.",
  "Call me at {phone} after six.",
  "Tel: {phone}",
  "Tel. {phone}, Fax {phone}",
  "Mobile {phone} (evenings only)",
  "You can reach our office on {phone}, Monday to Friday.",
  "Rufen Sie uns an: {phone}.",
  "Téléphone : {phone}",
  "Llámame al {phone} mañana.",
  "Dr Weber, Main Street 12, Springfield, {phone}",
  "Ann Lee\n12 High Street\n{phone}\n{email}",
  "I lost my card {card} yesterday, please block it.",
  "Charge it to {card}, valid until 09/29.",
  "What is the limit on card number {card}?",
  "{card} is the number on the front.",
  "Transfer the rent to {iban} by Friday.",
  "IBAN: {iban}, BIC DEUTDEFF",
  "My account {iban} was charged twice, why?",
  "SSN {ssn}",
  "Her social security number is {ssn} and she lives in Ohio.",
  "Applicant {ssn} has filed the form.",
  "The login came from {ip} at night.",
  "Ping {ip} and tell me what happens.",
  "Blocked address {ip} after forty attempts.",
  "{phone} is the best way to get hold of me, or {email}.",
  "Has anyone tried {phone}? Nobody answers.",
  "Customer 48113, {email}, card {card}, ordered twice.",
];

/** Figures that look like particulars and are none. Marks as in `fill`. */
const decoys: readonly string[] = [
  "Your order number is 1##-#######-#######.",
  "Order 1######### has been sent.",
  "Invoice no. 20##-##-#### is due in 14 days.",
  "Tracking number 1Z A## #A# ## #### ####.",
  "Tracking 94## #### #### #### #### ##, arriving soon.",
  "It happened on 1#.0#.199# and again on 2#.11.2024.",
  "Opened 2024-0N-1#, closed 2024-11-2#.",
  "The years 2019-2023 were dry, 2010 - 2014 were wet.",
  "The price fell from $1,##N,### to $9##,###.",
  "It cost 1# ### ### euros in all.",
  "The population is 1# ### ###, of whom 2 ### ### are young.",
  "Upgrade to version 1N.N.1#.N before the weekend.",
  "Chrome 12#.0.6###.1## fixes it.",
  "See section 3.N.1.N of the handbook.",
  "The summit is at 4#.####, 1#.#### and covered in snow.",
  "Coordinates 52.5#####, 13.4#####.",
  "ISBN 978-3-1#-1N####-N is out of print.",
  "ISBN 97803############ was misprinted.",
  "Part number ##N-##-#### is out of stock.",
  "Commit 3f#a#c#d#e fixed it in build 20240#1#.1.",
  "Pages 1##-1## and 2##-2## are missing.",
  "He scored 1##, 1## and 9# on 12 2023 tracks.",
  "The file logo@2x.png is too large for git@example.com:team/site.git.",
  "Install it with npm add @scope/name@1#.N.#.",
  "Temperatures of 0.5 to 1#.25 and pressures of 1013.25 hPa.",
  "The match ended 3-2 after 120 minutes, 11 000 000 watched.",
  "DOI 10.10##/s41586-0##-0####-#",
  "Patent US 9,###,### was granted in 201#.",
  "Serial 4###-####-####-#### stands on the lid.",
  "The ratio was 1:2:3 at 10:30:45 in the morning.",
  "Flight LH 4## left gate 2# at 07:4#.",
  "Model 8##-###-#### replaces model 7##-###-####.",
  "ID 0##-##-#### was not found.",
  "VAT DE1######## on every invoice.",
  "Between 1,### and 2,### people came, up 1#.#%.",
];

/** Sentences with labelled particulars and, one in three, sentences with none that look as if. */
export function makePiiSentences(count: number, random: Random): PiiSentence[] {
  return Array.from({ length: count }, () =>
    random() < 1 / 3 ? { text: fillDecoy(pick(random, decoys), random), spans: [] } : makeSentence(random),
  );
}

/** Capitals of a decoy are its own, but for the marks. */
function fillDecoy(decoy: string, random: Random): string {
  return decoy.replace(/#|(?<=[\d.#-])N(?=[\d.#-])/g, (mark) => fill(random, mark));
}

function makeSentence(random: Random): PiiSentence {
  const spans: PiiSpan[] = [];
  let text = "";
  for (const part of pick(random, frames).split(/(\{\w+\})/)) {
    const kind = /^\{(\w+)\}$/.exec(part)?.[1] as PiiKind | undefined;
    const piece = kind ? makers[kind](random) : part;
    if (kind) spans.push({ kind, start: text.length, end: text.length + piece.length });
    text += piece;
  }
  return { text, spans };
}
