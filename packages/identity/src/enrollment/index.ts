export { enrollmentFields } from './config.ts';
export { type EnrollmentOptions, obtainCertificateSource } from './enrollment.ts';
export { NavigatorCertificateSource } from './navigator-certificate-source.ts';
