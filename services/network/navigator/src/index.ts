export { type NavigatorConfig, navigatorConfig } from './config.ts';
export { navigator } from './navigator.ts';
