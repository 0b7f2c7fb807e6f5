import { passesLuhn, passesMod97 } from "../check-digits.ts";

export type Random = () => number;

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

/** `#` becomes any digit, `N` one from 2 to 9, `A` a capital; all else stays. */
export function fill(random: Random, shape: string): string {
  return shape.replace(/[#NA]/g, (mark) =>
    mark === "A"
      ? String.fromCharCode(65 + Math.floor(random() * 26))
      : String(mark === "N" ? 2 + Math.floor(random() * 8) : Math.floor(random() * 10)),
  );
}

function group(text: string, sizes: readonly number[], separator: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let index = 0; at < text.length; index += 1) {
    const size = sizes[Math.min(index, sizes.length - 1)]!;
    parts.push(text.slice(at, at + size));
    at += size;
  }
  return parts.join(separator);
}

/** All but the check digit, and how the digits are set in groups. */
const cards: readonly (readonly [head: string, groups: readonly number[]])[] = [
  ["4##############", [4]],
  ["4#################", [4]],
  ["4###########", [4]],
  ["51#############", [4]],
  ["55#############", [4]],
  ["2221###########", [4]],
  ["34############", [4, 6, 5]],
  ["37############", [4, 6, 5]],
  ["6011###########", [4]],
  ["65#############", [4]],
  ["3528###########", [4]],
  ["36###########", [4, 6, 4]],
  ["62#############", [4]],
  ["6759#######", [4]],
];

export function makeCard(random: Random): string {
  const [head, groups] = pick(random, cards);
  const number = withLuhn(fill(random, head));
  const separator = number.length >= 14 ? pick(random, ["", "", " ", "-"]) : "";
  return separator === "" ? number : group(number, groups, separator);
}

function withLuhn(head: string): string {
  for (let digit = 0; digit < 10; digit += 1) if (passesLuhn(`${head}${digit}`)) return `${head}${digit}`;
  throw new Error("Some digit always fits.");
}

/** Basic account numbers as their countries write them. */
const accounts = [
  ["DE", "##################"],
  ["GB", "AAAA##############"],
  ["FR", "####################A##"],
  ["ES", "####################"],
  ["NL", "AAAA##########"],
  ["IT", "A######################"],
  ["CH", "#################"],
  ["AT", "################"],
  ["BE", "############"],
  ["PL", "########################"],
  ["SE", "####################"],
  ["NO", "###########"],
  ["PT", "#####################"],
  ["SA", "####################"],
  ["MT", "AAAA#######################"],
] as const;

export function makeIban(random: Random): string {
  const [country, shape] = pick(random, accounts);
  const basic = fill(random, shape);
  for (let check = 2; check < 99; check += 1) {
    const number = `${country}${String(check).padStart(2, "0")}${basic}`;
    if (passesMod97(number)) return random() < 0.5 ? number : group(number, [4], " ");
  }
  throw new Error("Some check number always fits.");
}

export function makeSsn(random: Random): string {
  const area = String(1 + Math.floor(random() * 898)).padStart(3, "0");
  return `${area === "666" ? "667" : area}-${fill(random, "1#-N###")}`;
}

/** National and international spellings; those of one country stand together. */
const phones = [
  [
    "NN#-N##-####",
    "(N##) N##-####",
    "N##.N##.####",
    "+1-N##-N##-####",
    "+1 (N##) N##-####",
    "1-N##-N##-####",
    "N## N## ####",
    "N##N######",
    "001-N##-N##-####x###",
    "(N##)N##-####x####",
  ],
  [
    "020 7### ####",
    "+44 20 7### ####",
    "07### ######",
    "+44 7### ######",
    "0161 ### ####",
    "+44(0)161 ### ####",
    "(0131) ### ####",
    "07#########",
  ],
  [
    "030 #######",
    "+49 30 ########",
    "0171 #######",
    "+49 171 #######",
    "0171/#######",
    "(089) ######",
    "+49 (0)89 ######",
  ],
  ["01 4# ## ## ##", "+33 1 4# ## ## ##", "06.##.##.##.##", "+33 6 ## ## ## ##", "06########"],
  ["91# ### ###", "+34 91# ### ###", "6## ## ## ##", "+34 6########"],
  ["+39 06 #### ####", "06 #### ####", "+39 3## ### ####", "3## #######"],
  ["+31 20 ### ####", "020-#######", "06-########", "+31 6 ########"],
  ["+46 8 ### ### ##", "08-### ### ##", "070-### ## ##"],
  ["+47 ## ## ## ##", "9# ## ## ##"],
  ["+91 98### #####", "098########", "+91-98########"],
  ["+61 2 #### ####", "(02) #### ####", "04## ### ###", "+61 4## ### ###"],
  ["+81 3-####-####", "03-####-####", "090-####-####"],
  ["+55 11 9####-####", "(11) 9####-####"],
  ["+972 5#-###-####", "05#-#######"],
  ["+7 (9##) ###-##-##", "8 (9##) ###-##-##"],
  ["+41 44 ### ## ##", "044 ### ## ##"],
] as const;

export function makePhone(random: Random): string {
  return fill(random, pick(random, pick(random, phones)));
}

const names = [
  "jo",
  "ann.lee",
  "m.garcia",
  "weber",
  "k_tanaka",
  "oneill",
  "svensson-92",
  "info",
  "first.last+news",
  "p.dupont",
];
const hosts = [
  "example.com",
  "mail.example.org",
  "uni-beispiel.de",
  "exemple.fr",
  "correo.ejemplo.es",
  "corp.co.uk",
  "shop.travel",
  "müller.de",
  "a-b.io",
];

export function makeEmail(random: Random): string {
  const name = `${pick(random, names)}${random() < 0.3 ? fill(random, "##") : ""}`;
  return random() < 0.1 ? `${name.toUpperCase()}@${pick(random, hosts)}` : `${name}@${pick(random, hosts)}`;
}

export function makeIp(random: Random): string {
  const part = () => String(Math.floor(random() * 256));
  if (random() < 0.3) return `2001:db8:${fill(random, "####")}::${fill(random, "N#")}`;
  return [pick(random, ["10", "172", "192", "81", "203", "5"]), part(), part(), part()].join(".");
}
