"""What people look at after a sweep: morning sheet, workbook, terminal summary, answers."""
