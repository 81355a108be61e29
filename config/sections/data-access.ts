import { z } from "zod";
import type { Issue } from "../../components/common/validation";
import { dataStores, type DataStore } from "../../components/data/data-platform/settings";

/** Stores that a section's hosts use. */
export const dataAccessField = () =>
  z.array(z.enum(dataStores)).default([]).meta({
    description:
      "Stores of the section data that its hosts may connect to, and whose secrets they may read; DATABASE_* and REDIS_* of their environment say where they are",
  });

/** Mistakes in the list: stores that the stack does not have, or that stand there twice. */
export function checkDataAccess(names: readonly DataStore[], settings: Readonly<Record<string, unknown>>): Issue[] {
  const data = (settings.data ?? {}) as Readonly<Record<string, unknown>>;
  const present = dataStores.filter((name) => data[name] !== undefined);
  return names.flatMap((name, index): Issue[] => {
    const path = `dataAccess[${index}]`;
    if (names.indexOf(name) < index)
      return [{ path, problem: "stands there twice", value: name, fix: "Name each store once." }];
    if (present.includes(name)) return [];
    return [
      {
        path,
        problem: "is a store that this stack does not have",
        value: name,
        allowed: present.join(", ") || "none: the section data has no store",
        fix: `Turn data.${name} on, or take it off the list.`,
      },
    ];
  });
}
