/** Words that stand before a phone number, in the languages we meet most. */
const phoneWords =
  /(?:\b(?:tele)?phones?\b|\btel\b|\bmobile\b|\bcell(?:ular|phone)?\b|\bcall(?:s|ed|ing)?\b|\bfax\b|\bwhats ?app\b|\bsms\b|\btext(?:ed|ing)?\b|\bhotline\b|\bhelpline\b|\bdial(?:led|ing)?\b|\bring\b|\breach(?:ed)?\b|\bcontact(?:ed)?\b|\bvoicemail\b|\b(?:my|his|her|their|our|your|whose) (?:\w+ )?number\b|\bteléfono|\bmóvil\b|\bll[aá]m[ae]|\btelefon|\bhandy\b|\brufnummer\b|\banruf|\brufen\b|\btéléphone|\bportable\b|\bappele[rz]|\bcellulare\b|\bchiam|\btelemóvel|\bcelular\b|\btelefoon|\bbel(?:len)?\b|\bmobil\b|\bpuhelin|тел(?:ефон)?|звони|電話|电话|手机|전화)/iu;

/** Words that say of a number what it is, if it is no phone number. */
const otherWords =
  /(?:\b(?:order|invoice|receipt|booking|reservation|confirmation|tracking|shipment|parcel|ticket|case|claim|docket|serial|part|item|article|product|model|batch|lot|sku|isbn|issn|doi|ean|upc|gtin|imei|patent|version|release|build|revision|firmware|account|customer|member|policy|reference|ref|id|code|key|hash|commit|coordinates?|latitude|longitude|lat|lon|gps|sequence|gene|accession|page|pages|pp|vol|score|population|revenue|budget|total|bestellnummer|rechnung|kundennummer|artikel|pedido|factura|commande|facture|ordine|fattura)(?:\s+(?:no|nr|number|num|#))?\b|[$€£¥#§]|№)[\s.:#=(-]*(?:is|was|of|are|at)?\s*$/iu;
const otherUnits =
  /^\s*(?:%|°|€|\$|£|(?:usd|eur|gbp|dollars?|euros?|pounds?|people|inhabitants|km|kg|cm|mm|ms|bytes?|[kmgt]b|rows|items|copies|shares|votes)\b)/iu;

const ssnWords = /(?:\bssn\b|\bsocial security\b|\bsocial\b.{0,12}\bnumber\b|\bsoc\.? sec\b|\btaxpayer\b|\btax id\b)/iu;
const versionWords =
  /(?:\b(?:version|release|firmware|driver|build|chrome|firefox|edge|section|chapter|clause|figure|table|upgrade(?:d)?(?: to)?|v|ver)\.?|§)[\s.:]*(?:is|was|to)?\s*$/iu;
const addressWords =
  /\b(?:ips?|ipv[46]|address(?:es)?|hosts?|servers?|gateway|subnet|netmask|dns|resolver|ping(?:ed|s)?|router|firewall|proxy|vpn|listen(?:s|ing)?|bind|connect(?:s|ed|ion)?|login|logged|request(?:s|ed)?|from|traffic|attacker|client|network|scan(?:ned)?|block(?:ed)?|banned|node|machine)\b/iu;

const reach = 48;

function before(text: string, start: number): string {
  const near = text.slice(Math.max(0, start - reach), start);
  // What belongs to the sentence before says nothing of this number.
  return near.slice(Math.max(near.lastIndexOf("\n"), near.search(/[.!?]\s+\S[^.!?]*$/u)) + 1);
}

/** What the words around a number say it is. The nearer word wins: "order 12: call 555 1234". */
export function phoneContext(text: string, start: number, end: number): "phone" | "other" | "none" {
  const lead = before(text, start);
  if (otherWords.test(lead) || otherUnits.test(text.slice(end, end + 16))) return "other";
  if (phoneWords.test(lead)) return "phone";
  return /^[\s)]*(?:\((?:mobile|cell|office|home|work|fax|phone|tel)\b|[-–—]?\s*(?:mobile|cell|fax)\b)/iu.test(
    text.slice(end, end + 16),
  )
    ? "phone"
    : "none";
}

export function ssnContext(text: string, start: number): "ssn" | "other" | "none" {
  const lead = before(text, start);
  if (ssnWords.test(lead)) return "ssn";
  return otherWords.test(lead) || phoneWords.test(lead) ? "other" : "none";
}

export function addressContext(text: string, start: number, end: number): "address" | "version" | "none" {
  const lead = before(text, start);
  if (versionWords.test(lead)) return "version";
  return addressWords.test(lead) || /^(?::\d{2,5}\b|\/\d{1,2}\b)/.test(text.slice(end, end + 8)) ? "address" : "none";
}
