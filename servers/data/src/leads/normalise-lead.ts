import { foldText, foldWords } from "./fold-text.ts";
import type { LeadRecord, NormalLead } from "./lead-record.ts";

const titles = new Set(
  "mr mrs ms miss mx dr prof professor sir dame herr frau dipl ing mag phd md jr sr ii iii iv esq".split(" "),
);
const legalForms = new Set(
  (
    "inc incorporated llc llp lp ltd limited plc corp corporation co company gmbh mbh ag kg kgaa ohg ug ev se sa sas sarl " +
    "srl spa snc bv nv vof oy oyj ab as asa aps sp zoo kft zrt sro doo dd ooo oao zao pty pvt pte bhd sdn the and und et"
  ).split(" "),
);
/** Abbreviation → word, in addresses. */
const addressWords = new Map(
  (
    "st street str street ave avenue av avenue rd road blvd boulevard dr drive ln lane ct court crt court pl place plc place " +
    "cres crescent cr crescent cct circuit hwy highway pkwy parkway pky parkway sq square ter terrace tce terrace " +
    "cl close gr grove gdns gardens wy way apt flat apmnt flat apartment flat unit flat flt flat ste suite fl floor n north s south e east w west " +
    "ne northeast nw northwest se southeast sw southwest bldg building rm room"
  )
    .split(" ")
    .reduce<[string, string][]>(
      (pairs, word, index, all) => (index % 2 === 0 ? [...pairs, [word, all[index + 1]!]] : pairs),
      [],
    ),
);

/** One spelling for each field. What cannot be read as its kind is left out rather than compared as noise. */
export function normaliseLead(record: LeadRecord): NormalLead {
  const { givenName, surname } = readName(record);
  const { houseNumber, street } = readStreet(record);
  return {
    id: record.id,
    givenName,
    surname,
    organisation: readOrganisation(record.organisation ?? ""),
    email: readEmail(record.email ?? ""),
    phone: readPhone(record.phone ?? ""),
    birthDate: readDate(record.birthDate ?? ""),
    houseNumber,
    street,
    addressLine: readAddress(record.addressLine ?? ""),
    city: foldText(record.city ?? ""),
    postcode: foldText(record.postcode ?? "").replaceAll(" ", ""),
    region: foldText(record.region ?? ""),
    website: readHost(record.website ?? ""),
    identifier: foldText(record.identifier ?? "").replaceAll(" ", ""),
  };
}

function readName(record: LeadRecord): { givenName: string; surname: string } {
  const given = personWords(record.givenName ?? "");
  const family = personWords(record.surname ?? "");
  if (given.length > 0 || family.length > 0 || record.name === undefined) {
    return { givenName: given.join(" "), surname: family.join(" ") };
  }
  const [last = "", first] = record.name.split(",");
  if (first !== undefined) return { givenName: personWords(first).join(" "), surname: personWords(last).join(" ") };
  const words = personWords(record.name);
  return { givenName: words.slice(0, -1).join(" "), surname: words.at(-1) ?? "" };
}

function personWords(name: string): string[] {
  return foldWords(name).filter((word) => !titles.has(word));
}

function readOrganisation(name: string): string {
  const words = foldWords(name.replaceAll(/\b([A-Za-z])\.(?=[A-Za-z]\b)/g, "$1"));
  const telling = words.filter((word) => !legalForms.has(word));
  return (telling.length > 0 ? telling : words).join(" ");
}

function readStreet(record: LeadRecord): { houseNumber: string; street: string } {
  const street = readAddress(record.street ?? "");
  const houseNumber = foldText(record.houseNumber ?? "").replaceAll(" ", "");
  if (houseNumber !== "") return { houseNumber, street };
  const found = /^(\d+[a-z]?)\b|\b(\d+[a-z]?)$/.exec(street);
  if (!found) return { houseNumber, street };
  return { houseNumber: found[1] ?? found[2] ?? "", street: street.replace(found[0], "").trim() };
}

function readAddress(line: string): string {
  return foldWords(line.replace(/stra(?:ß|ss)e\b/gi, " street").replace(/(?<=\p{L}{3})str\.?(?=\s|$)/giu, " street"))
    .map((word) => addressWords.get(word) ?? word)
    .join(" ");
}

/** Lower case; what some providers ignore in the local part is left out. */
function readEmail(address: string): string {
  const [local, host, ...rest] = address.trim().toLowerCase().split("@");
  if (!local || !host?.includes(".") || rest.length > 0) return "";
  const plain = local.split("+")[0]!;
  return host === "gmail.com" || host === "googlemail.com"
    ? `${plain.replaceAll(".", "")}@gmail.com`
    : `${plain}@${host}`;
}

/** The last ten digits, without an extension: enough to be one number, and the same with and without a country's code. */
function readPhone(phone: string): string {
  const digits = phone
    .normalize("NFKC")
    .replace(/(?:ext|x|extension|durchwahl)\.?\s*\d+\s*$/i, "")
    .replace(/^\s*\+?\d{1,3}\s*\(0\)/, "")
    .replaceAll(/\D/g, "")
    .replace(/^0+/, "");
  return digits.length < 6 || /^(\d)\1+$/.test(digits) ? "" : digits.slice(-10);
}

/** → YYYYMMDD. Day before month, unless only the other order can be meant. */
function readDate(date: string): string {
  const text = date.trim();
  if (/^\d{8}$/.test(text)) return text;
  const iso = /^(\d{4})\D(\d{1,2})\D(\d{1,2})/.exec(text);
  if (iso) return `${iso[1]}${iso[2]!.padStart(2, "0")}${iso[3]!.padStart(2, "0")}`;
  const [, first, second, year] = /^(\d{1,2})\D(\d{1,2})\D(\d{4})$/.exec(text) ?? [];
  if (first === undefined || second === undefined) return "";
  const [day, month] = Number(second) > 12 ? [second, first] : [first, second];
  return `${year}${month.padStart(2, "0")}${day.padStart(2, "0")}`;
}

function readHost(website: string): string {
  const text = website.trim().toLowerCase();
  const url = text === "" ? null : URL.parse(/^https?:/.test(text) ? text : `https://${text}`);
  return url?.hostname.includes(".") ? url.hostname.replace(/^www\./, "") : "";
}
