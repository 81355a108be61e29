export { awsAccess } from "./aws-access";
export { loadSettings, sectionSchema, validate, baseKeys, type Settings, type BaseSettings } from "./load";
export { sections, type SectionKey, type SettingsOf } from "./sections";
export { stages, type Stage } from "./section";
