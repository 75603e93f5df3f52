/** JSON for people and programs: indented, with arrays of plain numbers on one line. */
export function toJson(value: unknown): string {
  // A raw line break never stands inside a JSON string, so that only arrays match.
  const numbers = /\[\n\s+([^"[\]{}]*?)\n\s+\]/g;
  return JSON.stringify(value, null, 2).replace(
    numbers,
    (_, items: string) => `[${items.replace(/,\n\s+/g, ', ')}]`,
  );
}
