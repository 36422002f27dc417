extern const char case_letter;
const char case_letter = 'A';
