import { z } from "zod";
import { ValidationError } from "../../components/common/validation";
import { describeIssue, type FieldSchema } from "../../config/describe-issue";
import { UsageError } from "../failure";

/**
 * What a file holds, in the form that it must have.
 * @param shown what the user knows the file by
 * @throws UsageError with all mistakes at once, told as those of a stack file are
 */
export function accept<S extends z.ZodType>(schema: S, content: unknown, shown: string): z.output<S> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const form = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as FieldSchema;
  const issues = parsed.error.issues.flatMap((issue) => describeIssue(issue, content, form, ""));
  throw new UsageError(new ValidationError(shown, issues).message);
}
