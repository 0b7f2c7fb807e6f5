import type { LeadText } from "./lead-record.ts";

/** Column names as tables of contacts have them, folded: lower case, letters only. The first that fits decides. */
const columnNames: [LeadText, RegExp][] = [
  ["givenName", /^(?:given|first|fore|christian)names?$/],
  ["surname", /^(?:surname|lastname|familyname)$/],
  ["email", /^(?:contact|work|business)?e?mail(?:address)?$/],
  [
    "phone",
    /^(?:contact|work|office|main|business)?(?:tele)?phone(?:number|no)?$|^(?:mobile|cell|tel)(?:phone)?(?:number)?$/,
  ],
  ["birthDate", /^(?:dateof)?birth(?:date|day)?$|^dob$/],
  ["houseNumber", /^(?:street|house)(?:number|no)$/],
  ["street", /^(?:street)?address(?:line)?1?$|^street(?:name)?1?$|^addr1?$/],
  ["addressLine", /^(?:street)?address(?:line)?2$|^street2$|^addr2$|^(?:unit|suite|building)$/],
  ["city", /^(?:city|town|suburb|locality|municipality)$/],
  ["postcode", /^(?:post(?:al)?|zip)(?:code)?$/],
  ["region", /^(?:state|region|province|county)$/],
  ["website", /^(?:website|web|homepage|url|domain)$/],
  ["identifier", /^(?:socsecid|ssn|nationalid|taxid|vatid|vatnumber|customerid|registrationnumber)$/],
  [
    "organisation",
    /^(?:organi[sz]ation|company|business|site|firm|employer|account|facility|institution|agency)(?:name)?$/,
  ],
  ["name", /^(?:full|contact|person)?name$/],
];

/** Which field a column holds; undefined for one that says nothing of who it is. */
export function fieldOfColumn(column: string): LeadText | undefined {
  const folded = column.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return columnNames.find(([, pattern]) => pattern.test(folded))?.[0];
}
