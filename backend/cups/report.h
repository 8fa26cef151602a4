/* report.h - what CUPS is told on standard error (filter(7)), a line a message, each one write(2). */
#ifndef SP_BACKEND_CUPS_REPORT_H
#define SP_BACKEND_CUPS_REPORT_H

/* kind: "INFO" and "ERROR" are shown with the job; "DEBUG" and "WARNING" are logged; "PAGE", "ATTR" count. */
void sp_report(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A reason why the printer is not quite well: '+' sets it, '-' takes it away. */
void sp_report_state(char sign, const char *reason);

#define SP_REASON_WAITING "com.scanpost-waiting-for-daemon-warning"

#endif
